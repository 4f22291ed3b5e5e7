# Coefficients of elastic-net.test.ts: Rscript elastic-net.R (Debian's r-cran-glmnet, r-cran-survival).
suppressMessages({ library(glmnet); library(survival) })
time <- c(5, 8, 8, 12, 3, 20, 15, 8, 12, 30, 2, 18)
event <- c(1, 1, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1)
x <- cbind(
  marker = c(1.2, 0.3, -0.5, -1.1, 2.0, -0.7, 0.1, 0.9, 0.4, -1.5, 1.1, -0.2),
  arm = c(0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0),
  age = c(52, 61, 47, 39, 70, 33, 58, 55, 49, 41, 66, 44))
kind <- c(0, 1, 2, 2, 0, 2, 1, 0, 1, 2, 0, 1)
# Divisor n, as glmnet standardises.
z <- apply(x, 2, function(v) (v - mean(v)) / sqrt(mean((v - mean(v))^2)))
for (lambda in c(0.3, 0.1)) {
  cox <- glmnet(z, Surv(time, event), family = "cox", alpha = 0.5, lambda = lambda, standardize = FALSE, thresh = 1e-14)
  cat("cox", lambda, format(as.numeric(coef(cox)), digits = 10), "\n")
  classes <- glmnet(z, factor(kind), family = "multinomial", alpha = 0.5, lambda = lambda, standardize = FALSE, thresh = 1e-14)
  cat("classes", lambda, format(sapply(coef(classes), as.numeric)[-1, ], digits = 10), "\n")
}
