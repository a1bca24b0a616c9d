# The language-model head over a large vocabulary, a chunk of positions at a time, with its backward pass written out by
# hand: [M, V] is never held. It computes what decoder.py's logprobs_and_entropy does of its hidden states (a test holds
# it there).
#
# h [M, D] hidden states, over the temperature if there is one; w [V, D] the head; chunk positions at a time.

# Log-probabilities [M] of the targets [M].
def head_logprobs(self, h: Tensor, w: Tensor, targets: Tensor, chunk: int) -> Tensor:
  matrix = self.wide(w)
  parts = [torch.empty([0], dtype=h.dtype, device=h.device)]
  for n in range(torch.floordiv(h.size(0) + chunk - 1, chunk)):
    logits = torch.linear(torch.slice(h, 0, n * chunk, n * chunk + chunk), matrix)
    target = torch.unsqueeze(torch.slice(targets, 0, n * chunk, n * chunk + chunk), 1)
    parts.append(torch.squeeze(torch.gather(logits, 1, target), 1) - torch.logsumexp(logits, [1]))
  return torch.cat(parts)

# Log-probabilities [M] of the targets [M], entropies [M], and for head_backward the logarithms [M] of the sums and the
# distributions [M, V], which are empty unless one chunk holds all.
def head_forward(self, h: Tensor, w: Tensor, targets: Tensor, chunk: int) -> List[Tensor]:
  matrix = self.wide(w)
  none = torch.empty([0], dtype=h.dtype, device=h.device)
  logprobs = [none]
  entropies = [none]
  logs = [none]
  p = none
  for n in range(torch.floordiv(h.size(0) + chunk - 1, chunk)):
    logits = torch.linear(torch.slice(h, 0, n * chunk, n * chunk + chunk), matrix)
    target = torch.unsqueeze(torch.slice(targets, 0, n * chunk, n * chunk + chunk), 1)
    p = torch.softmax(logits, 1)
    # The logarithm of the sum, from the likeliest token: one exponential less for each logit.
    sums = torch.amax(logits, [1]) - torch.log(torch.amax(p, [1]))
    logprobs.append(torch.squeeze(torch.gather(logits, 1, target), 1) - sums)
    entropies.append(sums - torch.sum(torch.mul_(logits, p), [1]))
    logs.append(sums)
  if torch.gt(h.size(0), chunk):
    p = none
  return [torch.cat(logprobs), torch.cat(entropies), torch.cat(logs), p]

# The gradient [M, D] of h, given that of the log-probabilities, d [M], and of the entropies, e [M] or empty, and what
# head_forward made, which is used up. Adds to the gradient g of w unless that is empty.
def head_backward(self, d: Tensor, e: Tensor, h: Tensor, w: Tensor, targets: Tensor, made: List[Tensor], g: Tensor, chunk: int) -> Tensor:
  matrix = self.wide(w)
  d_h = torch.empty_like(h)
  for n in range(torch.floordiv(h.size(0) + chunk - 1, chunk)):
    some = torch.slice(h, 0, n * chunk, n * chunk + chunk)
    target = torch.unsqueeze(torch.slice(targets, 0, n * chunk, n * chunk + chunk), 1)
    column = torch.unsqueeze(torch.slice(d, 0, n * chunk, n * chunk + chunk), 1)
    if torch.gt(made[3].numel(), 0):
      p = made[3]
    else:
      sums = torch.unsqueeze(torch.slice(made[2], 0, n * chunk, n * chunk + chunk), 1)
      p = torch.exp_(torch.sub_(torch.linear(some, matrix), sums))
    of_entropy = e
    if torch.gt(e.numel(), 0):
      slope = torch.unsqueeze(torch.slice(e, 0, n * chunk, n * chunk + chunk), 1)
      entropy = torch.unsqueeze(torch.slice(made[1], 0, n * chunk, n * chunk + chunk), 1)
      of_entropy = (torch.xlogy(p, p) + p * entropy) * slope
    d_logits = torch.scatter_add_(torch.mul_(p, torch.neg(column)), 1, target, column)
    if torch.gt(e.numel(), 0):
      d_logits = torch.sub_(d_logits, of_entropy)
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
