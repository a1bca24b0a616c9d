# Distillation at the head: how far the distributions of hidden states are from given ones, and the gradient by its
# formula, some positions at a time, so that [M, V] is held for those alone.
#
# Generalized Jensen-Shannon divergence (Agarwal et al. 2023, arXiv 2306.13649, section 3), with student S, teacher T
# and M = (1 - beta) S + beta T:
#   L = beta KL(T || M) + (1 - beta) KL(S || M);  beta 0: KL(T || S);  beta 1: KL(S || T).
# Its gradient with respect to the student's logits is S (g - sum(S g)) with g = (1 - beta) log(S / M), or log(S / T) at
# beta 1; S - T at beta 0.

# Divergences [M], and their gradients [M, B] with respect to the logits of the buckets, of log-probabilities s of the
# student and t of the teacher, both [M, B].
def divergence(self, s: Tensor, t: Tensor, beta: float) -> List[Tensor]:
  p = torch.exp(t)
  q = torch.exp(s)
  if torch.eq(beta, 0.):
    value = torch.sum(torch.mul(p, torch.sub(t, s)), [1])
    gradient = torch.sub_(q, p)
  else:
    if torch.eq(beta, 1.):
      g = torch.sub(s, t)
      value = torch.sum(torch.mul(q, g), [1])
      gradient = torch.mul_(torch.sub_(g, torch.unsqueeze(value, 1)), q)
    else:
      # Where both are 0 in fp32 the clamp keeps 0 * log(0) out.
      m = torch.log_(torch.clamp_min_(torch.add(torch.mul(q, 1. - beta), torch.mul(p, beta)), 1e-37))
      g = torch.sub(s, m)
      own = torch.sum(torch.mul(q, g), [1])
      theirs = torch.sum(torch.mul_(torch.neg_(torch.sub_(m, t)), p), [1])
      value = torch.add(torch.mul(theirs, beta), torch.mul(own, 1. - beta))
      gradient = torch.mul_(torch.mul_(torch.sub_(g, torch.unsqueeze(own, 1)), q), 1. - beta)
  return [value, gradient]

# Log-probabilities [M, K + 1] of the tokens ids [M, K] and of all others together, of log-probabilities s [M, V].
def buckets(self, s: Tensor, ids: Tensor) -> Tensor:
  others = torch.logsumexp(torch.scatter(s, 1, ids, -1e30), [1], True)
  return torch.cat([torch.gather(s, 1, ids), others], 1)

# The gradient [M, V] with respect to the logits of s, given that with respect to its buckets b, g [M, K + 1]: the
# others share theirs as they share the mass.
def spread(self, s: Tensor, ids: Tensor, b: Tensor, g: Tensor) -> Tensor:
  k = ids.size(1)
  shared = torch.exp_(torch.sub(s, torch.slice(b, 1, k, k + 1)))
  return torch.scatter_(torch.mul_(shared, torch.slice(g, 1, k, k + 1)), 1, ids, torch.slice(g, 1, 0, k))

# Of positions start to end of hidden states h [N, D], over the temperature if there is one, with the head [V, D] in
# fp32 and a cap of the logits (head.py): divergences [M] from the teacher's log-probabilities [M, V], or [M, K + 1] of ids [M, K] and all others;
# entropies [M]; gradients [M, V] of the divergences with respect to the head's products.
def head_divergence(self, h: Tensor, head: Tensor, start: int, end: int, ids: Tensor, teacher: Tensor, beta: float, cap: float) -> List[Tensor]:
  logits = self.capped(torch.linear(torch.slice(h, 0, start, end), head), cap)
  s = torch.log_softmax(logits, 1)
  entropy = torch.neg(torch.sum(torch.mul(torch.exp(s), s), [1]))
  if torch.gt(ids.numel(), 0):
    b = self.buckets(s, ids)
    made = self.divergence(b, teacher, beta)
    gradient = self.spread(s, ids, b, made[1])
  else:
    made = self.divergence(s, teacher, beta)
    gradient = made[1]
  if torch.gt(cap, 0.):
    share = logits / cap
    gradient = gradient * (1. - share * share)
  return [made[0], entropy, gradient]

# Writes the gradient of those positions of h into d_h [N, D], given that of the divergences, d [N], and the gradients
# [M, V], which are used up. Adds to the gradient g of the head unless that is empty.
def head_divergence_backward(self, d: Tensor, gradient: Tensor, h: Tensor, head: Tensor, start: int, end: int, d_h: Tensor, g: Tensor) -> Tensor:
  d_logits = torch.mul_(gradient, torch.unsqueeze(torch.slice(d, 0, start, end), 1))
  torch.mm(d_logits, head, out=torch.slice(d_h, 0, start, end))
  if torch.gt(g.numel(), 0):
    torch.addmm_(g, torch.t(d_logits), torch.slice(h, 0, start, end))
  return d_h

# What a teacher says of positions start to end: log-probabilities [M, V] and no ids; or, with k above 0, [M, k + 1] of
# the k likeliest tokens and of all others, and their ids [M, k].
def head_soft_targets(self, h: Tensor, head: Tensor, start: int, end: int, k: int, cap: float) -> List[Tensor]:
  s = torch.log_softmax(self.capped(torch.linear(torch.slice(h, 0, start, end), head), cap), 1)
  ids = torch.empty([0], dtype=4, device=s.device)
  if torch.gt(k, 0):
    best, ids = torch.topk(s, k, 1, True, True)
    s = self.buckets(s, ids)
  return [s, torch.to(ids, 3)]

def like(self, x: Tensor) -> Tensor:
  return torch.empty_like(x)
