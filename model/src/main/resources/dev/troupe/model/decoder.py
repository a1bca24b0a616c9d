# The decoder, in TorchScript: the one definition, which all that computes faster in its place is held to.
#
# B rows of T tokens; N = B * T positions laid flat; D hidden; K key-value heads, each with G query heads; E the width
# of a head; V vocabulary. dims = [layers, K, G, E].
#
# w holds the weights: 0 embedding [V, D], 1 final norm [D], 2 head [V, D] or [1, D], 3 inverse rope frequencies [E /
# 2], and then nine for each layer; one that a family lacks is an empty tensor:
#   0 attention norm [D]   1 q, k and v [K * (G + 2) * E, D], by key-value head: its G queries, its key, its value
#   2 their bias           3 query norm [E]      4 key norm [E]     5 attention output [D, K * G * E]
#   6 mlp norm [D]         7 gate and up [2 * F, D]                 8 down [D, F]
# What may follow them, adapters and the state of quantised matrices, stands in linear.py.

def rms_norm(self, x: Tensor, weight: Tensor, eps: float) -> Tensor:
  n = torch.linalg_vector_norm(x, 2, [-1], True)
  return x * torch.rsqrt(torch.add(n * n * (1. / x.size(-1)), eps)) * weight

# Cosine and sine [N, 1, G + 2, E] of the positions [N]; the value, last of a group, is turned by nothing.
def rotation(self, positions: Tensor, w: List[Tensor], dims: List[int]) -> List[Tensor]:
  angle = torch.unsqueeze(torch.to(positions, 6), 1) * w[3]
  cos = torch.cos(angle)
  sin = torch.sin(angle)
  n = positions.numel()
  g = dims[2] + 1
  e = dims[3]
  c = torch.cat([cos, cos], 1).view([n, 1, 1, e])
  s = torch.cat([torch.neg(sin), sin], 1).view([n, 1, 1, e])
  one = torch.ones_like(c)
  return [torch.cat([c.expand([n, 1, g, e]), one], 2), torch.cat([s.expand([n, 1, g, e]), torch.zeros_like(one)], 2)]

# Queries, keys and values [N, K, G + 2, E] of the residual stream x [N, D], normed and turned; j is the layer's place
# in w.
def project(self, x: Tensor, w: List[Tensor], j: int, turn: List[Tensor], dims: List[int], eps: float) -> Tensor:
  a = torch.contiguous(self.linear(self.rms_norm(x, w[j], eps), w, j + 1, dims))
  if torch.gt(w[j + 2].numel(), 0):
    a = a + w[j + 2]
  a = a.view([-1, dims[1], dims[2] + 2, dims[3]])
  if torch.gt(w[j + 3].numel(), 0):
    q, k, v = torch.split_with_sizes(a, [dims[2], 1, 1], 2)
    a = torch.cat([self.rms_norm(q, w[j + 3], eps), self.rms_norm(k, w[j + 4], eps), v], 2)
  half = torch.floordiv(dims[3], 2)
  return torch.addcmul(a * turn[0], torch.roll(a, [half], [3]), turn[1])

# The rest of a layer: attention's output o [N, K * G * E] into the residual stream, and the mlp.
def finish(self, x: Tensor, o: Tensor, w: List[Tensor], j: int, dims: List[int], eps: float) -> Tensor:
  x1 = x + self.linear(o, w, j + 5, dims)
  gate, up = torch.chunk(self.linear(self.rms_norm(x1, w[j + 6], eps), w, j + 7, dims), 2, 1)
  return x1 + self.linear(torch.silu(gate) * up, w, j + 8, dims)

# [B, 1, G * T, T], added to the scores: 0 where a query may look, far below everything where not. A query sees its own
# segment, and segment 65536 * n, which those up to 65536 * n + 65535 share. A query without any key (padding) looks at
# all of them evenly, which nobody reads and which is not NaN.
def visible(self, segments: Tensor, dims: List[int]) -> Tensor:
  query = torch.unsqueeze(segments, 2)
  key = torch.unsqueeze(segments, 1)
  beginning = query - torch.remainder(query, 65536)
  seen = torch.logical_or(torch.eq(query, key), torch.eq(beginning, key))
  ok = torch.logical_and(torch.tril(seen), torch.gt(key, 0))
  mask = torch.where(ok, 0., -1.0e30)
  return torch.unsqueeze(mask, 1).repeat([1, 1, dims[2], 1])

# Attention within the rows: a [N, K, G + 2, E] to [N, K * G * E]. The queries of a group lie one after another, so that
# keys and values need no copy for each of them.
def attend(self, a: Tensor, mask: Tensor, b: int, t: int, dims: List[int]) -> Tensor:
  k = dims[1]
  g = dims[2]
  e = dims[3]
  by_head = torch.contiguous(torch.permute(a.view([b, t, k, g + 2, e]), [0, 2, 3, 1, 4]))
  query, key, value = torch.split_with_sizes(by_head, [g, 1, 1], 2)
  o = torch.scaled_dot_product_attention(query.reshape([b, k, g * t, e]), torch.squeeze(key, 2), torch.squeeze(value, 2), mask)
  return torch.permute(o.reshape([b, k, g, t, e]), [0, 3, 1, 2, 4]).reshape([b * t, k * g * e])

# What the layers begin with and share: the residual stream [N, D] of ids, positions and segments [B, T], the positions'
# rotation, and the mask.
def start(self, ids: Tensor, positions: Tensor, segments: Tensor, w: List[Tensor], dims: List[int]) -> List[Tensor]:
  x = self.wide(torch.embedding(w[0], ids.view([-1])))
  turn = self.rotation(positions.view([-1]), w, dims)
  return [x, turn[0], turn[1], self.visible(segments, dims)]

# The residual stream after layer i. What the last layer does for other positions than the selected is never computed.
def layer(self, x: Tensor, begun: List[Tensor], selected: Tensor, w: List[Tensor], i: int, dims: List[int], eps: float) -> Tensor:
  j = 4 + 9 * i
  mask = begun[3]
  a = self.project(x, w, j, torch.slice(begun, 1, 3), dims, eps)
  o = self.attend(a, mask, mask.size(0), mask.size(3), dims)
  if torch.eq(i, dims[0] - 1):
    x = torch.index_select(x, 0, selected)
    o = torch.index_select(o, 0, selected)
  return self.finish(x, o, w, j, dims, eps)

# Final hidden states [M, D] at the flat positions selected [M].
def hidden(self, ids: Tensor, positions: Tensor, segments: Tensor, selected: Tensor, w: List[Tensor], dims: List[int], eps: float) -> Tensor:
  begun = self.start(ids, positions, segments, w, dims)
  x = begun[0]
  for i in range(dims[0]):
    x = self.layer(x, begun, selected, w, i, dims, eps)
  return self.rms_norm(x, w[1], eps)

# The final norm of the residual stream.
def rms_norm_of(self, x: Tensor, w: List[Tensor], eps: float) -> Tensor:
  return self.rms_norm(x, w[1], eps)

# The head at the selected positions: logits [M, V], or scores [M, 1].
def head(self, ids: Tensor, positions: Tensor, segments: Tensor, selected: Tensor, w: List[Tensor], dims: List[int], eps: float) -> Tensor:
  return torch.contiguous(self.linear(self.hidden(ids, positions, segments, selected, w, dims, eps), w, 2, dims))

# Scores [M] of a head with one output.
def scores(self, ids: Tensor, positions: Tensor, segments: Tensor, selected: Tensor, w: List[Tensor], dims: List[int], eps: float) -> Tensor:
  return torch.squeeze(self.head(ids, positions, segments, selected, w, dims, eps), 1)

# Log of the distributions [M, V] under logits / temperature.
def log_distributions(self, ids: Tensor, positions: Tensor, segments: Tensor, selected: Tensor, w: List[Tensor], dims: List[int], eps: float, temperature: float) -> Tensor:
  logits = self.head(ids, positions, segments, selected, w, dims, eps)
  if torch.ne(temperature, 1.):
    logits = logits / temperature
  return torch.log_softmax(logits, 1)

# Log-probabilities [M] of the targets [M].
def logprobs(self, ids: Tensor, positions: Tensor, segments: Tensor, selected: Tensor, w: List[Tensor], dims: List[int], eps: float, targets: Tensor, temperature: float) -> Tensor:
  logs = self.log_distributions(ids, positions, segments, selected, w, dims, eps, temperature)
  return torch.squeeze(torch.gather(logs, 1, torch.unsqueeze(targets, 1)), 1)

# The same, and the entropy [M] of the distributions, which takes no part in gradients.
def logprobs_and_entropy(self, ids: Tensor, positions: Tensor, segments: Tensor, selected: Tensor, w: List[Tensor], dims: List[int], eps: float, targets: Tensor, temperature: float) -> List[Tensor]:
  logs = self.log_distributions(ids, positions, segments, selected, w, dims, eps, temperature)
  plain = torch.detach(logs)
  entropy = torch.neg(torch.sum(torch.exp(plain) * plain, [1]))
  return [torch.squeeze(torch.gather(logs, 1, torch.unsqueeze(targets, 1)), 1), entropy]

# Copies new weights into the live ones; numbers are rounded to what the live ones can hold.
def assign(self, live: List[Tensor], fresh: List[Tensor]) -> None:
  torch._foreach_copy_(live, fresh)
  return None

# The same, each number of a matrix rounded to bf16, though the live ones could hold more.
def assign_rounded(self, live: List[Tensor], fresh: List[Tensor]) -> None:
  for i in range(torch.len(live)):
    x = fresh[i]
    if torch.gt(x.dim(), 1):
      x = torch.to(x, 15)
    torch.copy_(live[i], x)
  return None

# Numbers in bf16 of a matrix.
def narrowed(self, x: Tensor) -> Tensor:
  return torch.to(x, 15)

# Zeros in fp32 of the tensors' shapes.
def zeros_for(self, tensors: List[Tensor]) -> List[Tensor]:
  made : List[Tensor] = []
  for x in tensors:
    made.append(torch.zeros_like(x, dtype=6))
  return made

def zero(self, tensors: List[Tensor]) -> None:
  torch._foreach_zero_(tensors)
  return None

# Zero, made of every weight: its backward pass makes their gradients exist.
def nothing(self, weights: List[Tensor]) -> Tensor:
  total = torch.sum(weights[0] * 0.)
  for i in range(1, torch.len(weights)):
    total = total + torch.sum(weights[i] * 0.)
  return total
