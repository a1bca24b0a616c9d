# Negative mean log-likelihood of N tokens (of count in the whole step): [loss, statistics: loss].
def likelihood(self, logps: Tensor, count: float) -> List[Tensor]:
  loss = torch.neg(torch.sum(logps)) / count
  return [loss, torch.detach(loss).view([1])]

# Bradley-Terry over P pairs (of count in the whole step); scores [2 * P], the chosen ones first. margin [P] is how much
# better the chosen should be; center weighs the squared sum of a pair's scores, which keeps them near zero.
# [loss, statistics: loss, pairs ranked right, margin of scores, scores].
def preference(self, scores: Tensor, margin: Tensor, center: float, count: float) -> List[Tensor]:
  chosen, rejected = torch.chunk(scores, 2)
  gap = chosen - rejected
  each = torch.neg(torch.log_sigmoid(gap - margin))
  if torch.ne(center, 0.):
    each = each + center * torch.square(chosen + rejected)
  loss = torch.sum(each) / count
  d = torch.detach(gap)
  stats = torch.stack([torch.detach(loss), torch.to(torch.sum(torch.gt(d, 0)), 6), torch.sum(d), torch.sum(torch.detach(scores))])
  return [loss, stats]
