# Drawing the next token. n rows; V vocabulary.
# how = [temperature, top_k, top_p, min_p, repetition penalty]; 0, 0, 1, 0 and 1 switch them off (temperature 0:
# greedy).

# Scores [n, V] with what the filters removed at minus infinity, in transformers' order: repetition penalty,
# temperature, top-k, top-p, min-p. seen [n, V] is true for tokens already in the row (empty without penalty); banned
# tokens go first.
def filtered(self, logits: Tensor, seen: Tensor, banned: Tensor, how: List[float]) -> Tensor:
  scores = logits
  if torch.ne(how[4], 1.):
    punished = torch.where(torch.lt(scores, 0.), scores * how[4], scores / how[4])
    scores = torch.where(seen, punished, scores)
  if torch.gt(banned.numel(), 0):
    scores = torch.index_fill(scores, 1, banned, float("-inf"))
  if torch.gt(how[0], 0.):
    scores = scores / how[0]
  if torch.gt(how[1], 0.):
    best, where = torch.topk(scores, ops.prim.min(int(how[1]), scores.size(1)))
    scores = torch.masked_fill(scores, torch.lt(scores, torch.slice(best, 1, -1)), float("-inf"))
  if torch.lt(how[2], 1.):
    ascending, order = torch.sort(scores, 1)
    gone = torch.le(torch.cumsum(torch.softmax(ascending, 1), 1), 1. - how[2])
    torch.fill_(torch.slice(gone, 1, -1), False)
    scores = torch.masked_fill(scores, torch.scatter(gone, 1, order, gone), float("-inf"))
  if torch.gt(how[3], 0.):
    p = torch.softmax(scores, 1)
    scores = torch.masked_fill(scores, torch.lt(p, torch.amax(p, [1], True) * how[3]), float("-inf"))
  return scores

# Tokens, their log-probabilities under logits / temperature before penalty and filters (plain when greedy), and the
# probability that the filters kept: [3, n] float64. noise [n] float64, each strictly between 0 and 1, picks the token
# by the inverse of the cumulative distribution.
def draw(self, logits: Tensor, noise: Tensor, seen: Tensor, banned: Tensor, how: List[float]) -> Tensor:
  plain = logits
  if torch.__and__(torch.gt(how[0], 0.), torch.ne(how[0], 1.)):
    plain = logits / how[0]
  logs = torch.log_softmax(plain, 1)
  kept = torch.ones_like(noise)
  if torch.eq(how[0], 0.):
    token = torch.argmax(self.filtered(logits, seen, banned, how), 1, True)
  else:
    p = torch.exp(logs)
    if self.filters(banned, how):
      scores = self.filtered(logits, seen, banned, how)
      kept = torch.sum(torch.where(torch.gt(scores, float("-inf")), p, 0.), [1], dtype=7)
      p = torch.softmax(scores, 1)
    sums = torch.cumsum(p, 1, dtype=7)
    token = torch.searchsorted(sums, torch.unsqueeze(noise, 1) * torch.slice(sums, 1, -1), right=True)
  logprob = torch.squeeze(torch.gather(logs, 1, token), 1)
  return torch.stack([torch.to(torch.squeeze(token, 1), 7), torch.to(logprob, 7), kept])

# Whether anything stands between the model's distribution and the one that is drawn from.
def filters(self, banned: Tensor, how: List[float]) -> bool:
  chosen = torch.gt(banned.numel(), 0)
  for i in range(1, 5):
    if torch.ne(how[i], [0., 0., 1., 0., 1.][i]):
      chosen = True
  return chosen
