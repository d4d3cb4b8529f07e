# The other side of glmnet_r.py: reads a problem once, then a tolerance and values of lambda at a time.
suppressPackageStartupMessages({library(glmnet); library(Matrix)})
folder <- commandArgs(TRUE)[1]
path <- function(name) file.path(folder, name)
header <- scan(path("header.txt"), what = character(), quiet = TRUE)
model <- header[1]; n <- as.integer(header[2]); p <- as.integer(header[3]); k <- as.integer(header[4])
numbers <- function(name, what, size) readBin(path(name), what, n = file.size(path(name)) / size, size = size)
x <- if (header[5] == "sparse") {
  new("dgCMatrix", i = numbers("i.bin", "integer", 4), p = numbers("p.bin", "integer", 4),
      x = numbers("x.bin", "double", 8), Dim = c(n, p))
} else matrix(numbers("x.bin", "double", 8), n, p)
y <- matrix(numbers("y.bin", "double", 8), n, k)
family <- switch(model, lasso = "gaussian", logistic = "binomial", multitask = "mgaussian", cox = "cox")
if (model == "lasso") y <- drop(y)
if (model == "logistic") y <- factor(drop(y))
if (model == "cox") colnames(y) <- c("time", "status")
# No early end of the path.
glmnet.control(fdev = 0, devmax = 1)
input <- file("stdin", "r")
while (length(line <- readLines(input, 1)) > 0) {
  asked <- as.numeric(strsplit(line, " ")[[1]])
  before <- proc.time()
  # Cox's model has no intercept in any case.
  fit <- suppressWarnings(glmnet(x, y, family = family, lambda = asked[-1], standardize = FALSE,
                                 intercept = FALSE, thresh = asked[1], maxit = 1e9))
  spent <- proc.time() - before
  beta <- if (model == "multitask") do.call(rbind, fit$beta) else fit$beta
  beta <- as(beta, "CsparseMatrix")
  writeBin(beta@i, path("out_i.bin")); writeBin(beta@p, path("out_p.bin")); writeBin(beta@x, path("out_x.bin"))
  cat(spent[["user.self"]] + spent[["sys.self"]], spent[["elapsed"]], ncol(beta), "\n")
  flush(stdout())
}
