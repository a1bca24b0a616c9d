# The language-model head over a large vocabulary, a chunk of positions at a time, with its backward pass written out by
# hand: [M, V] is never held. It computes what decoder.py's logprobs_and_entropy does of its hidden states (a test holds
# it there).
#
# h [M, D] hidden states, over the temperature if there is one; w [V, D] the head; chunk positions at a time. cap: that
# of the logits, over the temperature too; 0 for none (decoder.py's capped).

# Log-probabilities [M] of the targets [M].
def head_logprobs(self, h: Tensor, w: Tensor, targets: Tensor, chunk: int, cap: float) -> Tensor:
  matrix = self.wide(w)
  parts = [torch.empty([0], dtype=h.dtype, device=h.device)]
  for n in range(torch.floordiv(h.size(0) + chunk - 1, chunk)):
    logits = self.capped(torch.linear(torch.slice(h, 0, n * chunk, n * chunk + chunk), matrix), cap)
    target = torch.unsqueeze(torch.slice(targets, 0, n * chunk, n * chunk + chunk), 1)
    parts.append(torch.squeeze(torch.gather(logits, 1, target), 1) - torch.logsumexp(logits, [1]))
  return torch.cat(parts)

# Log-probabilities [M] of the targets [M], entropies [M], and for head_backward the logarithms [M] of the sums, the
# distributions [M, V], which are empty unless one chunk holds all, and the row [M, D] of the head that each expects: the
# sum over v of p_v w_v, which serves for the entropy, whose expected logit is h times that, and for the gradient of h.
def head_forward(self, h: Tensor, w: Tensor, targets: Tensor, chunk: int) -> List[Tensor]:
  matrix = self.wide(w)
  none = torch.empty([0], dtype=h.dtype, device=h.device)
  logprobs = [none]
  logs = [none]
  p = none
  expected = torch.empty_like(h)
  for n in range(torch.floordiv(h.size(0) + chunk - 1, chunk)):
    logits = torch.linear(torch.slice(h, 0, n * chunk, n * chunk + chunk), matrix)
    target = torch.unsqueeze(torch.slice(targets, 0, n * chunk, n * chunk + chunk), 1)
    p = torch.softmax(logits, 1)
    # The logarithm of the sum, from the likeliest token: one exponential less for each logit.
    sums = torch.amax(logits, [1]) - torch.log(torch.amax(p, [1]))
    logprobs.append(torch.squeeze(torch.gather(logits, 1, target), 1) - sums)
    logs.append(sums)
    torch.mm(p, matrix, out=torch.slice(expected, 0, n * chunk, n * chunk + chunk))
  if torch.gt(h.size(0), chunk):
    p = none
  sums = torch.cat(logs)
  return [torch.cat(logprobs), sums - torch.sum(h * expected, [1]), sums, p, expected]

# The gradient [M, D] of h, given that of the log-probabilities, d [M], and of the entropies, e [M] or empty, and what
# head_forward made, which is used up. Adds to the gradient g of w unless that is empty.
def head_backward(self, d: Tensor, e: Tensor, h: Tensor, w: Tensor, targets: Tensor, made: List[Tensor], g: Tensor, chunk: int) -> Tensor:
  if torch.gt(e.numel(), 0):
    d_h = self.head_and_entropy_backward(d, e, h, w, targets, made, g, chunk)
  else:
    column = torch.unsqueeze(d, 1)
    d_h = torch.mul_(torch.sub_(self.wide(torch.embedding(w, targets)), made[4]), column)
    if torch.gt(g.numel(), 0):
      matrix = self.wide(w)
      weighted = h * column
      for n in range(torch.floordiv(h.size(0) + chunk - 1, chunk)):
        p = self.distributions(torch.slice(h, 0, n * chunk, n * chunk + chunk), matrix, made, n, chunk)
        target = torch.unsqueeze(torch.slice(targets, 0, n * chunk, n * chunk + chunk), 1)
        torch.scatter_add_(p, 1, target, torch.full(target.size(), -1., dtype=p.dtype, device=p.device))
        self.subtract_product(g, p, torch.slice(weighted, 0, n * chunk, n * chunk + chunk))
  return d_h

# g [V, D] less p [M, V] turned times x [M, D]; small ones are faster the other way round.
def subtract_product(self, g: Tensor, p: Tensor, x: Tensor) -> None:
  if torch.lt(g.numel(), 131072):
    torch.sub_(g, torch.t(torch.mm(torch.t(x), p)))
  else:
    torch.addmm_(g, torch.t(p), x, beta=1, alpha=-1)
  return None

# The distributions of chunk n, whose hidden states are some.
def distributions(self, some: Tensor, matrix: Tensor, made: List[Tensor], n: int, chunk: int) -> Tensor:
  if torch.gt(made[3].numel(), 0):
    p = made[3]
  else:
    sums = torch.unsqueeze(torch.slice(made[2], 0, n * chunk, n * chunk + chunk), 1)
    p = torch.exp_(torch.sub_(torch.linear(some, matrix), sums))
  return p

# head_backward with the entropies' gradient.
def head_and_entropy_backward(self, d: Tensor, e: Tensor, h: Tensor, w: Tensor, targets: Tensor, made: List[Tensor], g: Tensor, chunk: int) -> Tensor:
  matrix = self.wide(w)
  d_h = torch.empty_like(h)
  for n in range(torch.floordiv(h.size(0) + chunk - 1, chunk)):
    some = torch.slice(h, 0, n * chunk, n * chunk + chunk)
    target = torch.unsqueeze(torch.slice(targets, 0, n * chunk, n * chunk + chunk), 1)
    column = torch.unsqueeze(torch.slice(d, 0, n * chunk, n * chunk + chunk), 1)
    p = self.distributions(some, matrix, made, n, chunk)
    slope = torch.unsqueeze(torch.slice(e, 0, n * chunk, n * chunk + chunk), 1)
    entropy = torch.unsqueeze(torch.slice(made[1], 0, n * chunk, n * chunk + chunk), 1)
    of_entropy = (torch.xlogy(p, p) + p * entropy) * slope
    d_logits = torch.scatter_add_(torch.mul_(p, torch.neg(column)), 1, target, column)
    d_logits = torch.sub_(d_logits, of_entropy)
    torch.mm(d_logits, matrix, out=torch.slice(d_h, 0, n * chunk, n * chunk + chunk))
    if torch.gt(g.numel(), 0):
      torch.addmm_(g, torch.t(d_logits), some)
  return d_h

# head_forward with a cap: log-probabilities [M] and entropies [M]; what the way back needs is made again there.
def capped_head_forward(self, h: Tensor, w: Tensor, targets: Tensor, chunk: int, cap: float) -> List[Tensor]:
  matrix = self.wide(w)
  none = torch.empty([0], dtype=h.dtype, device=h.device)
  logprobs = [none]
  entropies = [none]
  for n in range(torch.floordiv(h.size(0) + chunk - 1, chunk)):
    logits = self.capped(torch.linear(torch.slice(h, 0, n * chunk, n * chunk + chunk), matrix), cap)
    logs = torch.log_softmax(logits, 1)
    target = torch.unsqueeze(torch.slice(targets, 0, n * chunk, n * chunk + chunk), 1)
    logprobs.append(torch.squeeze(torch.gather(logs, 1, target), 1))
    entropies.append(torch.neg(torch.sum(torch.exp(logs) * logs, [1])))
  return [torch.cat(logprobs), torch.cat(entropies)]

# head_backward with a cap: c * tanh(z / c) has the slope 1 - tanh(z / c)^2.
def capped_head_backward(self, d: Tensor, e: Tensor, h: Tensor, w: Tensor, targets: Tensor, g: Tensor, chunk: int, cap: float) -> Tensor:
  matrix = self.wide(w)
  d_h = torch.empty_like(h)
  for n in range(torch.floordiv(h.size(0) + chunk - 1, chunk)):
    some = torch.slice(h, 0, n * chunk, n * chunk + chunk)
    target = torch.unsqueeze(torch.slice(targets, 0, n * chunk, n * chunk + chunk), 1)
    column = torch.unsqueeze(torch.slice(d, 0, n * chunk, n * chunk + chunk), 1)
    share = torch.tanh(torch.linear(some, matrix) / cap)
    logs = torch.log_softmax(share * cap, 1)
    p = torch.exp(logs)
    d_logits = torch.scatter_add(torch.mul(p, torch.neg(column)), 1, target, column)
    if torch.gt(e.numel(), 0):
      slope = torch.unsqueeze(torch.slice(e, 0, n * chunk, n * chunk + chunk), 1)
      entropy = torch.neg(torch.sum(p * logs, [1], True))
      d_logits = d_logits - p * (logs + entropy) * slope
    d_logits = d_logits * (1. - share * share)
    torch.mm(d_logits, matrix, out=torch.slice(d_h, 0, n * chunk, n * chunk + chunk))
    if torch.gt(g.numel(), 0):
      torch.addmm_(g, torch.t(d_logits), some)
  return d_h

# Scores [M] of a head with one output, w [1, D].
def head_scores(self, h: Tensor, w: Tensor) -> Tensor:
  return torch.squeeze(torch.linear(h, self.wide(w)), 1)

# The gradient [M, D] of h, given that of the scores, d [M]. Adds to the gradient g of w unless that is empty.
def head_scores_backward(self, d: Tensor, h: Tensor, w: Tensor, g: Tensor) -> Tensor:
  column = torch.unsqueeze(d, 1)
  if torch.gt(g.numel(), 0):
    torch.addmm_(g, torch.t(column), h)
  return torch.mm(column, self.wide(w))

def over(self, h: Tensor, temperature: float) -> Tensor:
  return h / temperature
