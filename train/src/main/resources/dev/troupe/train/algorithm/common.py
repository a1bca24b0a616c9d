# What the losses of all algorithms share. t holds named tensors over the N completion tokens of some rows (R of them)
# of a mini-batch, flat, row after row:
#   current, proximal, behaviour, reference  [N] log-probabilities; the reference only where the algorithm asks for it
#   advantages, weight, share, entropy       [N] share is what a token's number counts in the loss: aggregation is a sum
#   row [N] int64, which of the rows; lengths [R] their tokens; row_advantages [R], of each row's first token
#   side [R], pair [R] int64                 where two rows make a pair: +1 chosen, -1 rejected, and which pair
#   tokens, rows                             [] of the whole mini-batch: what is divided by them adds up over its parts
# and the algorithm's numbers by name, [] each.

# [R] sums of x [N] over each row.
def row_sum(self, t: Dict[str, Tensor], x: Tensor) -> Tensor:
  return torch.index_add(torch.zeros_like(t["lengths"]), 0, t["row"], x)

# [R] means of x [N] over each row.
def row_mean(self, t: Dict[str, Tensor], x: Tensor) -> Tensor:
  return self.row_sum(t, x) / t["lengths"]

# [N] of x [R].
def spread(self, t: Dict[str, Tensor], x: Tensor) -> Tensor:
  return torch.index_select(x, 0, t["row"])

# The loss of numbers x [N], aggregated as the algorithm says.
def aggregate(self, t: Dict[str, Tensor], x: Tensor) -> Tensor:
  return torch.sum(x * t["share"])

# For metrics: the mean of x [N] over the mini-batch's tokens.
def token_average(self, t: Dict[str, Tensor], x: Tensor) -> Tensor:
  return torch.sum(torch.detach(x)) / t["tokens"]

# For metrics: the mean of x [R] over the mini-batch's rows.
def row_average(self, t: Dict[str, Tensor], x: Tensor) -> Tensor:
  return torch.sum(torch.detach(x)) / t["rows"]

# 1 where true, as numbers of the log-probabilities' type.
def count(self, t: Dict[str, Tensor], x: Tensor) -> Tensor:
  return torch.type_as(x, t["current"])

# The clipped surrogate -min(r A, clip(r, 1 - low, 1 + high) A) (Schulman et al. 2017, arXiv 1707.06347, eq. 7).
# torch.maximum, not torch.max: where both sides are equal, the graph executor gives the latter no gradient at all.
def clipped_surrogate(self, ratio: Tensor, advantages: Tensor, low: Tensor, high: Tensor) -> Tensor:
  against = torch.neg(advantages)
  return torch.maximum(against * ratio, against * torch.clamp(ratio, 1.0 - low, 1.0 + high))

# KL(policy || reference) [N] by estimator 1, 2 or 3 (Schulman 2020, "Approximating KL divergence").
def kl(self, t: Dict[str, Tensor]) -> Tensor:
  d = t["reference"] - t["current"]
  k = int(t["kl_estimator"])
  if torch.eq(k, 1):
    estimate = torch.neg(d)
  elif torch.eq(k, 2):
    estimate = 0.5 * d * d
  else:
    estimate = torch.exp(d) - d - 1.0
  return estimate

# The metrics that every algorithm has.
def statistics(self, t: Dict[str, Tensor], loss: Tensor) -> Dict[str, Tensor]:
  d = torch.detach(t["current"] - t["proximal"])
  return {"loss": loss, "policy/approxkl_avg": self.token_average(t, 0.5 * d * d), "val/ratio": self.token_average(t, torch.exp(d)), "policy/entropy_avg": self.token_average(t, t["entropy"])}

# Shares of the total, of tokens [N] or rows [R], whose ratio is clipped: below the range where the advantage is
# negative, above it where it is positive.
def clip_metrics(self, t: Dict[str, Tensor], metrics: Dict[str, Tensor], ratio: Tensor, advantages: Tensor, low: Tensor, high: Tensor, total: Tensor) -> Dict[str, Tensor]:
  below = self.count(t, torch.logical_and(torch.lt(ratio, 1.0 - low), torch.lt(advantages, 0)))
  above = self.count(t, torch.logical_and(torch.gt(ratio, 1.0 + high), torch.gt(advantages, 0)))
  metrics["clip_ratio/low_mean"] = torch.sum(below) / total
  metrics["clip_ratio/high_mean"] = torch.sum(above) / total
  metrics["clip_ratio/region_mean"] = torch.sum(below + above) / total
  return metrics
