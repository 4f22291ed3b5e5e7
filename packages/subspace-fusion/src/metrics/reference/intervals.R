# Intervals, jackknife, recalibration, hazard ratio and median survival from base R and the package survival. Run in this folder:
# Rscript intervals.R > intervals.json
library(survival)
json <- function(x) {
  if (is.list(x)) {
    if (is.null(names(x))) return(paste0('[', paste(sapply(x, json), collapse = ','), ']'))
    return(paste0('{', paste(sprintf('"%s":%s', names(x), sapply(x, json)), collapse = ',\n'), '}'))
  }
  if (length(x) == 1) return(sprintf('%.15g', as.numeric(x)))
  paste0('[', paste(sprintf('%.15g', as.numeric(x)), collapse = ','), ']')
}
set.seed(7)

# Means of shares: MOVER from Wilson's intervals of prop.test.
wilson <- function(x, n) as.numeric(suppressWarnings(prop.test(x, n, correct = FALSE))$conf.int)
mover <- function(x, n) {
  p <- x / n
  w <- mapply(wilson, x, n)
  c(mean(p) - sqrt(sum((p - w[1, ])^2)) / length(p), mean(p) + sqrt(sum((w[2, ] - p)^2)) / length(p))
}

# Concordance: leave-one-out values of survival::concordance.
n <- 40
risk <- round(rnorm(n), 2)
time <- round(rexp(n, exp(risk)) * 10, 1) + 0.1
event <- as.numeric(runif(n) < 0.7)
cOf <- function(rows) unname(concordance(Surv(time[rows], event[rows]) ~ risk[rows], reverse = TRUE)$concordance)
without <- sapply(1:n, function(i) cOf(-i))
u <- (n - 1) * (mean(without) - without)
standardError <- sqrt(sum(u^2) / (n * (n - 1)))
acceleration <- sum(u^3) / (6 * sum(u^2)^1.5)
pairs <- sum(concordance(Surv(time, event) ~ risk, reverse = TRUE)$count[1:3])

area <- function(a, se, m, k, b) {
  q <- (a * m * k + 0.5) / (m * k + 1)
  known <- q * (1 - q) * (1 + ((m + k) / 2 - 1) * ((1 - q) / (2 - q) + q / (1 + q))) / (m * k)
  v <- (min(m, k) * se^2 + b * known) / (min(m, k) + b)
  plogis(qlogis(q) + c(-1, 1) * qnorm(0.975) * sqrt(v) / (q * (1 - q)))
}

# BCa from given draws.
x <- round(rexp(25), 3)
draws <- round(replicate(400, var(sample(x, replace = TRUE))), 6)
value <- var(x)
a <- 0.06
z0 <- qnorm(mean(draws < value))
z <- qnorm(c(0.025, 0.975))
bca <- unname(quantile(draws, pnorm(z0 + (z0 + z) / (1 - a * (z0 + z)))))

# Recalibration.
m <- 120
p <- round(runif(m, 0.03, 0.97), 3)
y <- as.numeric(runif(m) < plogis(0.4 + 0.7 * qlogis(p)))
slope <- glm(y ~ qlogis(p), family = binomial, epsilon = 1e-14)
shift <- glm(y ~ offset(qlogis(p)), family = binomial, epsilon = 1e-14)
wald <- function(fit, i) { s <- summary(fit)$coefficients[i, ]; c(s[1], s[1] - qnorm(0.975) * s[2], s[1] + qnorm(0.975) * s[2]) }
oe <- sum(y) / sum(p) * exp(c(0, -1, 1) * qnorm(0.975) * sqrt((1 - mean(y)) / sum(y)))

# Temperature of two classes: a logistic regression without intercept on the difference of the logits; its profile interval.
d <- round(rnorm(60, 0, 3), 3)
label <- as.numeric(runif(60) < plogis(d / 1.8))
loglik <- function(b) sum(ifelse(label == 1, plogis(b * d, log.p = TRUE), plogis(-b * d, log.p = TRUE)))
beta <- optimize(loglik, c(0.01, 5), maximum = TRUE, tol = 1e-12)$maximum
fall <- function(b) 2 * (loglik(beta) - loglik(b)) - qchisq(0.95, 1)
bounds <- c(uniroot(fall, c(0.001, beta), tol = 1e-13)$root, uniroot(fall, c(beta, 20), tol = 1e-13)$root)

# Risk groups.
group <- as.numeric(risk > 0)
cox <- coxph(Surv(time, event) ~ group)
hr <- exp(coef(cox) + c(0, -1, 1) * qnorm(0.975) * sqrt(vcov(cox)[1]))
fit <- survfit(Surv(time, event) ~ 1, conf.type = 'log-log')
median <- unname(summary(fit)$table[c('median', '0.95LCL', '0.95UCL')])

cat(json(list(
  mover = list(right = c(12, 30, 7), of = c(12, 34, 11), interval = mover(c(12, 30, 7), c(12, 34, 11))),
  concordance = list(time = time, event = event, risk = risk, value = cOf(1:n), standardError = standardError,
    acceleration = acceleration, pairs = pairs, interval = area(cOf(1:n), standardError, sum(event), pairs / sum(event), 1)),
  area = list(perfect = area(1, 0, 8, 32, 4), high = area(0.95, 0.03, 8, 32, 4)),
  bca = list(value = value, draws = draws, acceleration = a, interval = bca),
  recalibration = list(p = p, y = y, slope = wald(slope, 2), intercept = wald(shift, 1), observedExpected = oe),
  temperature = list(d = d, label = label, value = 1 / beta, interval = 1 / rev(bounds)),
  groups = list(hazardRatio = hr, median = median))))
cat('\n')
