# What R finds in the invented cohort; the tests hold the product against it.
#   Rscript expected.R        (R 4.2, survival 3.5, glmnet 4.1)
suppressMessages({library(survival); library(glmnet)})
d <- read.csv("tcga-gbmlgg/clinical.csv")
d$male <- as.numeric(d$sex == "male")
y <- Surv(d$survival_months, d$event)

show <- function(name, ...) cat(name, sprintf("%.12g", c(...)), "\n")
counts <- function(data, score) concordance(Surv(survival_months, event) ~ score, data = cbind(data, score = score), reverse = TRUE)

cat("# metrics\n")
k <- counts(d, d$age)
show("age: concordant discordant tied index", k$count[c("concordant", "discordant", "tied.x")], k$concordance)
f <- survfit(y ~ 1, conf.type = "log-log")
s <- summary(f, times = c(12, 24, 60))
for (i in 1:3) show(paste("survival at", s$time[i]), s$surv[i], s$lower[i], s$upper[i], s$n.risk[i])
show("n events median", nrow(d), sum(d$event), summary(f)$table["median"])
diagnoses <- c("glioblastoma", "astrocytoma, grade 4", "astrocytoma, grade 2-3", "oligodendroglioma")
for (g in diagnoses) show(paste("median", g), summary(survfit(y[d$paper_diagnosis == g] ~ 1))$table["median"])
lr <- survdiff(y ~ factor(d$paper_diagnosis, diagnoses))
show("log-rank observed", lr$obs)
show("log-rank chi p", lr$chisq, pchisq(lr$chisq, 3, lower.tail = FALSE))

cat("# Cox\n")
for (ties in c("efron", "breslow")) {
  m <- coxph(y ~ age + male, data = d, ties = ties)
  show(paste(ties, "coefficients, standard errors, log-likelihoods"), coef(m), sqrt(diag(vcov(m))), m$loglik)
}
for (fold in 0:4) {
  m <- coxph(Surv(survival_months, event) ~ age + male, data = d[d$fold != fold, ])
  test <- d[d$fold == fold, ]
  show(paste("age and sex, C-index on fold", fold), counts(test, predict(m, test))$concordance)
}

cat("# ridge Cox\n")
e <- read.csv(gzfile("tcga-gbmlgg/expression.csv.gz"), row.names = 1, check.names = FALSE)
sets <- strsplit(readLines("gene-sets/glioma-subspaces.tcga1544.gmt"), "\t")
genes <- unlist(lapply(sets, function(s) s[-(1:2)]))
x <- pmax(pmin(t(as.matrix(e[genes, d$patient_id])), 3), -3)
train <- d$fold != 0
set.seed(1)
found <- replicate(10, {
  m <- cv.glmnet(x[train, ], y[train], family = "cox", alpha = 0, nfolds = 5)
  counts(d[!train, ], predict(m, x[!train, ], s = "lambda.min"))$concordance
})
show("ridge Cox on all genes, C-index on fold 0: mean, least, most", mean(found), range(found))

cat("# medians and quartiles\n")
show("quartiles of the deaths", quantile(d$survival_months[d$event == 1], c(0.25, 0.5, 0.75)))
