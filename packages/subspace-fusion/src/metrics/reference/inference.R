# Values of distributions, intervals and adjustments from base R. Run in this folder: Rscript inference.R (Debian package r-cran-jsonlite)
p <- c(0.01, 0.04, 0.03, 0.005, 0.2, 0.9, 0.005)
wilson <- function(x, n) as.numeric(suppressWarnings(prop.test(x, n, correct = FALSE))$conf.int)
betaBinomial <- function(x, size, a, b) exp(lchoose(size, x) + lbeta(x + a, size - x + b) - lbeta(a, b))
testCoverage <- function(n, tested, alpha) {
  k <- ceiling((n + 1) * (1 - alpha) - 1e-9)
  below <- cumsum(betaBinomial(0:tested, tested, k, n + 1 - k))
  c(min(which(below > 0.025)) - 1, min(which(below >= 0.975)) - 1) / tested
}
splits <- c(0.012, 0.031, -0.004, 0.022, 0.018, 0.009, 0.027, -0.011, 0.015, 0.02)
correction <- 1 / 10 + 57 / 512
corrected <- list(values = splits, train = 512, test = 57, mean = mean(splits), halfWidth = qt(0.975, 9) * sqrt(correction * var(splits)),
                  p = 2 * pt(-abs(mean(splits) / sqrt(correction * var(splits))), 9))
values <- list(
  holm = list(p = p, adjusted = p.adjust(p, 'holm')),
  beta = lapply(list(c(0.3, 2, 5), c(0.9, 18, 3), c(0.02, 0.5, 0.5), c(0.97, 4.5, 0.5), c(0.85, 455, 51)), function(q) c(q, pbeta(q[1], q[2], q[3]), qbeta(q[1], q[2], q[3]))),
  student = lapply(list(c(2.1, 1), c(0.3, 4), c(5, 9), c(12, 29)), function(q) c(q, 2 * pt(-q[1], q[2]), qt(0.975, q[2]))),
  wilson = lapply(list(c(0, 10), c(10, 10), c(7, 23), c(450, 500)), function(q) c(q, wilson(q[1], q[2]))),
  coverage = lapply(list(c(99, 0.1), c(57, 0.1), c(19, 0.05)), function(q) { k <- ceiling((q[1] + 1) * (1 - q[2]) - 1e-9); c(q, k / (q[1] + 1), qbeta(c(0.025, 0.975), k, q[1] + 1 - k)) }),
  testCoverage = lapply(list(c(99, 50, 0.1), c(57, 57, 0.1), c(30, 7, 0.2)), function(q) c(q, testCoverage(q[1], q[2], q[3]))),
  corrected = corrected)
writeLines(jsonlite::toJSON(values, digits = I(14), auto_unbox = TRUE), 'inference.json')
