# Survival of a Cox model by Breslow's baseline hazard, from R (survival 3.5-3). Run in this folder: Rscript baseline-survival.R
suppressMessages(library(survival))
time <- c(5, 8, 8, 12, 3, 20, 15, 8, 12, 30, 2, 18)
event <- c(1, 1, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1)
marker <- c(1.2, 0.3, -0.5, -1.1, 2.0, -0.7, 0.1, 0.9, 0.4, -1.5, 1.1, -0.2)
fit <- coxph(Surv(time, event) ~ marker, ties = 'efron')
curves <- survfit(fit, newdata = data.frame(marker = c(0, 1, -2)), stype = 2, ctype = 1) # exp(−H), H after Breslow
print(summary(curves, times = c(1, 5, 8, 13, 18))$surv, digits = 15) # [times, patients]
