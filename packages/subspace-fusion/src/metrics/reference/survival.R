# Values of Uno's C, time-dependent AUC and Brier scores from R. Run in this folder: Rscript survival.R
# Debian packages r-cran-survival, r-cran-riskregression (the estimators of timeROC and pec, by their authors), r-cran-jsonlite.
suppressMessages({library(survival); library(riskRegression)})

# Uno's C. R includes deaths at ymax, Uno's definition leaves them out: half a day earlier is the same on whole days.
unoC <- function(time, event, risk, horizon)
  unname(concordance(Surv(time, event) ~ risk, timewt = 'n/G2', ymax = horizon - 0.5, reverse = TRUE)$concordance)

# AUC(t), Brier(t) and the Brier score of the Kaplan-Meier null model.
scores <- function(time, event, survival, times) {
  data <- data.frame(time, event)
  result <- Score(list(model = 1 - survival), formula = Surv(time, event) ~ 1, data = data, times = times,
                  metrics = c('auc', 'brier'), cens.model = 'km', conf.int = FALSE, null.model = TRUE)
  list(auc = result$AUC$score[model == 'model']$AUC,
       brier = result$Brier$score[model == 'model']$Brier,
       nullBrier = result$Brier$score[model == 'Null model']$Brier)
}

# The example of scikit-survival's issue 428: a death and a censoring at 11.
tied <- list(time = c(11, 11, 26, 89, 128, 299, 300), event = c(1, 0, 0, 1, 0, 1, 0), risk = c(-0.02, 1.20, -0.56, -1.33, -0.81, 1.02, -1.29), horizon = 299)
tied$unoC <- with(tied, unoC(time, event, risk, horizon))

# A sample full of ties: whole months, risks with one decimal.
set.seed(7)
n <- 90
x <- round(rnorm(n), 1)
death <- ceiling(rexp(n, exp(x) / 20))
censored <- ceiling(runif(n, 0, 45))
ties <- list(time = pmin(death, censored), event = as.integer(death <= censored), risk = x)
ties$times <- c(6, 12, 24)
ties$unoC <- sapply(ties$times, function(t) with(ties, unoC(time, event, risk, t)))
ties$survival <- sapply(ties$times, function(t) exp(-t / 20 * exp(x))) # [n, times]
ties$scores <- with(ties, scores(time, event, survival, times))
# Calibration by quartiles of the prediction at 12 months.
p <- ties$survival[, 2]
group <- cut(p, c(-Inf, quantile(p, 1:3 / 4), Inf), labels = FALSE)
ties$calibration <- lapply(sort(unique(group)), function(g) {
  fit <- summary(survfit(Surv(time, event) ~ 1, conf.type = 'log-log', data = as.data.frame(ties[1:2])[group == g, ]), times = 12, extend = TRUE)
  list(n = sum(group == g), predicted = mean(p[group == g]), observed = fit$surv, low = fit$lower, high = fit$upper)
})
# Net benefit at 12 months of treating those whose predicted risk reaches the threshold (Vickers et al. 2008).
thresholds <- c(0.1, 0.3, 0.5, 0.7)
atYear <- function(members) summary(survfit(Surv(time, event) ~ 1, data = as.data.frame(ties[1:2])[members, ]), times = 12, extend = TRUE)$surv
netBenefit <- function(members, threshold) {
  s <- atYear(members)
  mean(members) * ((1 - s) - s * threshold / (1 - threshold))
}
ties$netBenefit <- list(thresholds = thresholds,
                        model = sapply(thresholds, function(t) netBenefit(1 - p >= t, t)),
                        all = sapply(thresholds, function(t) netBenefit(rep(TRUE, n), t)))

# The example in timeROC's manual: serum bilirubin in the randomised patients of the PBC trial.
randomised <- pbc[!is.na(pbc$trt), ]
bilirubin <- list(time = randomised$time, event = as.integer(randomised$status == 2), risk = randomised$bili)
bilirubin$times <- unname(quantile(bilirubin$time, seq(0.2, 0.8, 0.1)))
bilirubin$auc <- with(bilirubin, sapply(times, function(t) {
  result <- Score(list(bili = cbind(risk / 100)), formula = Surv(time, event) ~ 1, data = data.frame(time, event), times = t,
                  metrics = 'auc', cens.model = 'km', conf.int = FALSE, null.model = FALSE)
  result$AUC$score$AUC
}))
bilirubin$horizon <- 3000
bilirubin$unoC <- with(bilirubin, unoC(time, event, risk, horizon))

# The example in survAUC's README: age in the ovarian cancer trial, the first 16 patients for training. Its published values are in the test.
train <- ovarian[1:16, ]
test <- ovarian[17:26, ]
fit <- coxph(Surv(futime, fustat) ~ age, data = train, method = 'breslow')
ovarianAge <- list(train = list(time = train$futime, event = train$fustat), time = test$futime, event = test$fustat, risk = unname(predict(fit, newdata = test)))

# The example in scikit-survival's manual: a Cox model of the GBSG2 trial. Its published values are in the test.
fit <- coxph(Surv(rfstime, status) ~ age + er + hormon + meno + nodes + pgr + grade + size, data = gbsg, ties = 'efron')
# Breslow's baseline, which scikit-survival predicts with.
hazard <- local({
  relative <- exp(predict(fit))
  at <- with(gbsg, sort(unique(rfstime[status == 1])))
  list(times = at, cumulative = cumsum(sapply(at, function(t) with(gbsg, sum(status[rfstime == t]) / sum(relative[rfstime >= t])))))
})
cox <- list(time = gbsg$rfstime, event = gbsg$status, lp = unname(predict(fit)), baseline = hazard)
at5 <- with(cox, exp(-baseline$cumulative[findInterval(1825, baseline$times)] * exp(lp)))
cox$brierAt5Years <- with(cox, scores(time, event, cbind(at5), 1825))$brier

ties$survival <- NULL # the test computes them from the risks

writeLines(jsonlite::toJSON(list(tied = tied, ties = ties, bilirubin = bilirubin, ovarianAge = ovarianAge, gbsg2 = cox), digits = I(13), auto_unbox = TRUE), 'survival.json')
