# The training kernel: decoder.py's forward pass with its backward pass written out by hand, in place of autograd's. It
# computes the same function (a test holds outputs and gradients to the definition) in about two thirds of the time:
# norms' weights are folded into the matrices that follow them, queries, keys and values lie as [E, T] so that every
# product of attention has a wide side, and blocks of keys after a block of queries are never touched.
#
# For families without query and key norms. Words as in decoder.py; M selected positions; g are the gradients, in the same
# places as the weights. A forward method returns its answer first and then what the backward method needs, in this order:
#   cosine, sine; for each layer its first norm and scale, keys, values, each block's queries and probabilities,
#   attention's output, second norm and scale, gate and up, silu(gate), the mlp's inner product; final norm and scale.

# x / rms(x), and 1 / rms(x).
def scaled(self, x: Tensor, eps: float) -> List[Tensor]:
  n = torch.linalg_vector_norm(x, 2, [1], True)
  r = torch.rsqrt(n * n / x.size(1) + eps)
  return [x * r, r]

# The gradient of x, given that of scaled(x) and that which reaches x by the residual stream.
def scaled_backward(self, through: Tensor, residual: Tensor, y: Tensor, r: Tensor) -> Tensor:
  along = torch.mean(through * y, [1], True)
  return torch.addcmul(residual, torch.addcmul(through, y, along, value=-1), r)

# Turns x [B, K, E, G, T] by its positions: c and s [B, 1, E / 2, 1, T]; by -s it turns back.
def turned(self, x: Tensor, c: Tensor, s: Tensor) -> Tensor:
  a, b = torch.chunk(x, 2, 2)
  return torch.cat([torch.addcmul(a * c, b, s, value=-1), torch.addcmul(b * c, a, s)], 2)

# [K * (G + 2) * E, 1]: queries are scaled by 1 / sqrt(E) through their rows of the weights.
def query_scale(self, like: Tensor, dims: List[int]) -> Tensor:
  k = dims[1]
  g = dims[2]
  e = dims[3]
  q = torch.full([1, g * e], e ** -0.5, dtype=like.dtype, device=like.device)
  one = torch.ones([1, 2 * e], dtype=like.dtype, device=like.device)
  return torch.cat([q, one], 1).expand([k, (g + 2) * e]).reshape([-1, 1])

# Columns of a block of queries, so that T is cut into 1 to 4 blocks.
def block(self, t: int) -> int:
  return ops.prim.max(32, torch.floordiv(t + 3, 4))

def train_hidden(self, ids: Tensor, positions: Tensor, segments: Tensor, selected: Tensor, w: List[Tensor], dims: List[int], eps: float) -> List[Tensor]:
  b = ids.size(0)
  t = ids.size(1)
  k = dims[1]
  g = dims[2]
  e = dims[3]
  size = self.block(t)
  angle = torch.transpose(torch.unsqueeze(torch.to(positions, 6), 2) * w[3], 1, 2).contiguous().view([b, 1, -1, 1, t])
  c = torch.cos(angle)
  s = torch.sin(angle)
  saved = [c, s]
  mask = self.visible(segments, [dims[0], k, 1, e]).view([b, 1, 1, t, t])
  scale = self.query_scale(w[1], dims)
  x = torch.embedding(w[0], ids.view([-1]))
  for i in range(dims[0]):
    j = 4 + 9 * i
    y, r = self.scaled(x, eps)
    a = torch.linear(y, w[j + 1] * w[j] * scale)
    if torch.gt(w[j + 2].numel(), 0):
      a = a + w[j + 2] * torch.squeeze(scale, 1)
    by_head = torch.permute(a.view([b, t, k, g + 2, e]), [0, 2, 4, 3, 1])
    keys = self.turned(torch.slice(by_head, 3, g, g + 1), c, s).view([b * k, e, t])
    values = torch.select(by_head, 3, g + 1).reshape([b * k, e, t])
    saved.extend([y, r, keys, values])
    parts : List[Tensor] = []
    for n in range(torch.floordiv(t + size - 1, size)):
      lo = n * size
      hi = ops.prim.min(lo + size, t)
      rows = hi - lo
      q = self.turned(torch.slice(torch.slice(by_head, 3, 0, g), 4, lo, hi), torch.slice(c, 4, lo, hi), torch.slice(s, 4, lo, hi)).view([b * k, e, g * rows])
      scores = torch.bmm(torch.transpose(q, 1, 2), torch.slice(keys, 2, 0, hi))
      torch.add_(scores.view([b, k, g, rows, hi]), torch.slice(torch.slice(mask, 3, lo, hi), 4, 0, hi))
      p = torch.softmax(scores, -1)
      parts.append(torch.bmm(torch.slice(values, 2, 0, hi), torch.transpose(p, 1, 2)).view([b, k, e, g, rows]))
      saved.extend([q, p])
    o = torch.permute(torch.cat(parts, 4), [0, 4, 1, 3, 2]).reshape([b * t, k * g * e])
    if torch.eq(i, dims[0] - 1):
      x = torch.index_select(x, 0, selected)
      o = torch.index_select(o, 0, selected)
    x = torch.addmm(x, o, torch.t(w[j + 5]))
    y, r = self.scaled(x, eps)
    both = torch.linear(y, w[j + 7] * w[j + 6])
    gate, up = torch.chunk(both, 2, 1)
    silu = torch.silu(gate)
    inner = silu * up
    saved.extend([o, y, r, both, silu, inner])
    x = torch.addmm(x, inner, torch.t(w[j + 8]))
  saved.extend(self.scaled(x, eps))
  return saved

# Adds the gradient of a matrix that stands in the product with its norm folded in: made is that of matrix * norm * scale.
def folded_backward(self, made: Tensor, matrix: Tensor, norm: Tensor, g_matrix: Tensor, g_norm: Tensor) -> None:
  torch.addcmul_(g_matrix, made, norm)
  torch.add_(g_norm, torch.sum(made * matrix, [0]))
  return None

# Attention's part of a layer: the gradient of a [N, K * (G + 2) * E] from that of its output, d_o [N, K * G * E].
def attend_backward(self, d_o: Tensor, saved: List[Tensor], at: int, b: int, t: int, dims: List[int]) -> Tensor:
  k = dims[1]
  g = dims[2]
  e = dims[3]
  size = self.block(t)
  c = saved[0]
  back = torch.neg(saved[1])
  keys = saved[at]
  values = saved[at + 1]
  d_keys = torch.zeros_like(keys)
  d_values = torch.zeros_like(values)
  d_a = torch.empty([b, t, k, g + 2, e], dtype=d_o.dtype, device=d_o.device)
  by_head = torch.permute(d_a, [0, 2, 4, 3, 1])
  d_by_head = torch.permute(d_o.view([b, t, k, g, e]), [0, 2, 4, 3, 1])
  for n in range(torch.floordiv(t + size - 1, size)):
    lo = n * size
    hi = ops.prim.min(lo + size, t)
    q = saved[at + 2 + 2 * n]
    p = saved[at + 3 + 2 * n]
    d = torch.slice(d_by_head, 4, lo, hi).reshape([b * k, e, -1])
    d_scores = torch._softmax_backward_data(torch.bmm(torch.transpose(d, 1, 2), torch.slice(values, 2, 0, hi)), p, -1, 6)
    torch.add_(torch.slice(d_values, 2, 0, hi), torch.bmm(d, p))
    torch.add_(torch.slice(d_keys, 2, 0, hi), torch.bmm(q, d_scores))
    d_q = torch.bmm(torch.slice(keys, 2, 0, hi), torch.transpose(d_scores, 1, 2)).view([b, k, e, g, hi - lo])
    turned = self.turned(d_q, torch.slice(c, 4, lo, hi), torch.slice(back, 4, lo, hi))
    torch.copy_(torch.slice(torch.slice(by_head, 3, 0, g), 4, lo, hi), turned)
  torch.copy_(torch.slice(by_head, 3, g, g + 1), self.turned(d_keys.view([b, k, e, 1, t]), c, back))
  torch.copy_(torch.select(by_head, 3, g + 1), d_values.view([b, k, e, t]))
  return d_a.view([b * t, -1])

# Adds to the gradients g, given d [M, D], that of the final norm's scaled(x), and what train_hidden saved.
def hidden_backward(self, d: Tensor, ids: Tensor, selected: Tensor, saved: List[Tensor], w: List[Tensor], g: List[Tensor], dims: List[int]) -> None:
  b = ids.size(0)
  t = ids.size(1)
  blocks = 2 * torch.floordiv(t + self.block(t) - 1, self.block(t))
  scale = self.query_scale(w[1], dims)
  last = torch.len(saved) - 2
  d_x = self.scaled_backward(d, torch.zeros([1], dtype=d.dtype, device=d.device), saved[last], saved[last + 1])
  for back in range(dims[0]):
    i = dims[0] - 1 - back
    j = 4 + 9 * i
    at = 2 + i * (10 + blocks)
    o, y, r, both, silu, inner = saved[at + 4 + blocks], saved[at + 5 + blocks], saved[at + 6 + blocks], saved[at + 7 + blocks], saved[at + 8 + blocks], saved[at + 9 + blocks]
    gate, up = torch.chunk(both, 2, 1)
    torch.addmm_(g[j + 8], torch.t(d_x), inner)
    d_inner = torch.mm(d_x, w[j + 8])
    d_both = torch.empty_like(both)
    d_gate, d_up = torch.chunk(d_both, 2, 1)
    torch.mul(d_inner, silu, out=d_up)
    torch.silu_backward(torch.mul_(d_inner, up), gate, grad_input=d_gate)
    matrix = w[j + 7]
    self.folded_backward(torch.mm(torch.t(d_both), y), matrix, w[j + 6], g[j + 7], g[j + 6])
    d_x = self.scaled_backward(torch.mm(d_both, matrix * w[j + 6]), d_x, y, r)
    torch.addmm_(g[j + 5], torch.t(d_x), o)
    d_o = torch.mm(d_x, w[j + 5])
    if torch.eq(back, 0):
      whole = torch.zeros([b * t, d_x.size(1)], dtype=d.dtype, device=d.device)
      d_x = torch.index_add_(whole, 0, selected, d_x)
      whole_o = torch.zeros([b * t, d_o.size(1)], dtype=d.dtype, device=d.device)
      d_o = torch.index_add_(whole_o, 0, selected, d_o)
    d_a = self.attend_backward(d_o, saved, at + 2, b, t, dims)
    if torch.gt(w[j + 2].numel(), 0):
      torch.add_(g[j + 2], torch.sum(d_a, [0]) * torch.squeeze(scale, 1))
    matrix = w[j + 1]
    self.folded_backward(torch.mm(torch.t(d_a), saved[at]) * scale, matrix, w[j], g[j + 1], g[j])
    d_x = self.scaled_backward(torch.mm(d_a, matrix * w[j] * scale), d_x, saved[at], saved[at + 1])
  torch.add_(g[0], torch.embedding_dense_backward(d_x, ids.view([-1]), w[0].size(0), -1, False))
  return None

# Log-probabilities [M], entropy [M], distributions [M, V], and what hidden_backward needs.
def train_logprobs(self, ids: Tensor, positions: Tensor, segments: Tensor, selected: Tensor, w: List[Tensor], dims: List[int], eps: float, targets: Tensor, temperature: float) -> List[Tensor]:
  saved = self.train_hidden(ids, positions, segments, selected, w, dims, eps)
  logits = torch.linear(saved[torch.len(saved) - 2], w[2] * (w[1] / temperature))
  p = torch.softmax(logits, 1)
  # The logarithm of the sum, from the likeliest token: one exponential less for each logit.
  sums = torch.amax(logits, [1]) - torch.log(torch.amax(p, [1]))
  logprobs = torch.squeeze(torch.gather(logits, 1, torch.unsqueeze(targets, 1)), 1) - sums
  entropy = sums - torch.sum(torch.mul_(logits, p), [1])
  return torch.add([logprobs, entropy, p], saved)

# Adds to the gradients g, given d [M], that of the log-probabilities; the distributions are used up.
def logprobs_backward(self, d: Tensor, made: List[Tensor], ids: Tensor, selected: Tensor, targets: Tensor, w: List[Tensor], g: List[Tensor], dims: List[int], temperature: float) -> None:
  saved = torch.slice(made, 3)
  column = torch.unsqueeze(d, 1)
  d_logits = torch.scatter_add_(torch.mul_(made[2], torch.neg(column)), 1, torch.unsqueeze(targets, 1), column)
  self.head_backward(d_logits, ids, selected, saved, w, g, dims, temperature)
  return None

# Scores [M] and what hidden_backward needs.
def train_scores(self, ids: Tensor, positions: Tensor, segments: Tensor, selected: Tensor, w: List[Tensor], dims: List[int], eps: float) -> List[Tensor]:
  saved = self.train_hidden(ids, positions, segments, selected, w, dims, eps)
  scores = torch.squeeze(torch.linear(saved[torch.len(saved) - 2], w[2] * w[1]), 1)
  return torch.add([scores], saved)

def scores_backward(self, d: Tensor, made: List[Tensor], ids: Tensor, selected: Tensor, w: List[Tensor], g: List[Tensor], dims: List[int]) -> None:
  self.head_backward(torch.unsqueeze(d, 1), ids, selected, torch.slice(made, 1), w, g, dims, 1.)
  return None

def head_backward(self, d_logits: Tensor, ids: Tensor, selected: Tensor, saved: List[Tensor], w: List[Tensor], g: List[Tensor], dims: List[int], temperature: float) -> None:
  y = saved[torch.len(saved) - 2]
  norm = w[1] / temperature
  made = torch.mm(torch.t(d_logits), y)
  torch.addcmul_(g[2], made, norm)
  torch.add_(g[1], torch.sum(made * w[2], [0]) / temperature)
  self.hidden_backward(torch.mm(d_logits, w[2] * norm), ids, selected, saved, w, g, dims)
  return None
