# The decoder, in TorchScript: the one definition, which all that computes faster in its place is held to.
#
# B rows of T tokens; N = B * T positions laid flat; D hidden; K key-value heads, each with G query heads; E the width
# of a head; V vocabulary. dims = [layers, K, G, E, W], and where W, the window, is above 0, one number a layer: whether
# its queries see the W tokens up to their own alone.
#
# nums = [epsilon of the norms, scale of scores, of embeddings, of what attention and the mlp add, of logits; cap of
# scores, of logits (0: none); what norms add to their weights; activation: 0 SiLU, 1 GELU, 2 GELU by tanh].
#
# w holds the weights: 0 embedding [V, D], 1 final norm [D], 2 head [V, D] or [1, D], 3 inverse rope frequencies [E /
# 2], and then fourteen for each layer; one that a family lacks is an empty tensor:
#   0 attention norm [D]   1 q, k and v [K * (G + 2) * E, D], by key-value head: its G queries, its key, its value
#   2 their bias           3 query norm [E], or of all heads together [K * G * E]      4 key norm [E] or [K * E]
#   5 attention output [D, K * G * E]   6 mlp norm [D]   7 gate and up [2 * F, D]      8 down [D, F]
#   9 norm after attention [D]         10 norm after the mlp [D]     11, 12, 13 biases of 5, 7 and 8
# w[3] may also be [4, E / 2]: frequencies and amplitudes, then those of windowed layers.
# What may follow them, adapters and the state of quantised matrices, stands in linear.py.

def rms_norm(self, x: Tensor, weight: Tensor, nums: List[float]) -> Tensor:
  n = torch.linalg_vector_norm(x, 2, [-1], True)
  if torch.ne(nums[7], 0.):
    weight = weight + nums[7]
  return x * torch.rsqrt(torch.add(n * n * (1. / x.size(-1)), nums[0])) * weight

# x, normed if there is a norm.
def normed_if(self, x: Tensor, weight: Tensor, nums: List[float]) -> Tensor:
  if torch.gt(weight.numel(), 0):
    x = self.rms_norm(x, weight, nums)
  return x

# y with a bias if there is one.
def biased(self, y: Tensor, bias: Tensor) -> Tensor:
  if torch.gt(bias.numel(), 0):
    y = y + bias
  return y

# Queries or keys [N, K, heads, E], each head normed by itself or all together.
def head_norm(self, x: Tensor, weight: Tensor, nums: List[float]) -> Tensor:
  if torch.eq(weight.numel(), x.size(-1)):
    y = self.rms_norm(x, weight, nums)
  else:
    y = self.rms_norm(x.reshape([x.size(0), -1]), weight, nums).view(x.size())
  return y

# Whether layer i is windowed.
def windowed(self, i: int, dims: List[int]) -> bool:
  yes = False
  if torch.gt(dims[4], 0):
    yes = torch.eq(dims[5 + i], 1)
  return yes

# Rows of w[3]: 0 frequencies, 1 amplitudes; of windowed layers if so asked.
def rope_row(self, w: List[Tensor], row: int, local: bool) -> Tensor:
  r = w[3]
  if torch.gt(r.dim(), 1):
    if local:
      row = row + 2
    r = torch.select(r, 0, row)
  return r

# Cosine and sine [N, 1, G + 2, E] of the positions [N]; the value, last of a group, is turned by nothing.
def rotation(self, positions: Tensor, w: List[Tensor], local: bool, dims: List[int]) -> List[Tensor]:
  angle = torch.unsqueeze(torch.to(positions, 6), 1) * self.rope_row(w, 0, local)
  cos = torch.cos(angle)
  sin = torch.sin(angle)
  if torch.gt(w[3].dim(), 1):
    amplitude = self.rope_row(w, 1, local)
    cos = cos * amplitude
    sin = sin * amplitude
  n = positions.numel()
  g = dims[2] + 1
  e = dims[3]
  c = torch.cat([cos, cos], 1).view([n, 1, 1, e])
  s = torch.cat([torch.neg(sin), sin], 1).view([n, 1, 1, e])
  one = torch.ones_like(c)
  return [torch.cat([c.expand([n, 1, g, e]), one], 2), torch.cat([s.expand([n, 1, g, e]), torch.zeros_like(one)], 2)]

# The rotation of the layers that see all, and behind it, where there are windowed ones, theirs.
def rotations(self, positions: Tensor, w: List[Tensor], dims: List[int]) -> List[Tensor]:
  turns = self.rotation(positions, w, False, dims)
  if torch.gt(dims[4], 0):
    turns.extend(self.rotation(positions, w, True, dims))
  return turns

# The one of rotations() for layer i.
def turn_of(self, turns: List[Tensor], i: int, dims: List[int]) -> List[Tensor]:
  first = 0
  if self.windowed(i, dims):
    first = 2
  return torch.slice(turns, first, first + 2)

# Queries, keys and values [N, K, G + 2, E] of the residual stream x [N, D], normed and turned; j is the layer's place
# in w.
def project(self, x: Tensor, w: List[Tensor], j: int, turn: List[Tensor], dims: List[int], nums: List[float]) -> Tensor:
  a = torch.contiguous(self.linear(self.normed_if(x, w[j], nums), w, j + 1, dims))
  a = self.biased(a, w[j + 2])
  a = a.view([-1, dims[1], dims[2] + 2, dims[3]])
  if torch.gt(w[j + 3].numel(), 0):
    q, k, v = torch.split_with_sizes(a, [dims[2], 1, 1], 2)
    a = torch.cat([self.head_norm(q, w[j + 3], nums), self.head_norm(k, w[j + 4], nums), v], 2)
  half = torch.floordiv(dims[3], 2)
  return torch.addcmul(a * turn[0], torch.roll(a, [half], [3]), turn[1])

# What is added to the residual stream, of attention's or the mlp's output.
def addend(self, y: Tensor, norm: Tensor, nums: List[float]) -> Tensor:
  y = self.normed_if(y, norm, nums)
  if torch.ne(nums[3], 1.):
    y = y * nums[3]
  return y

def activated(self, x: Tensor, nums: List[float]) -> Tensor:
  if torch.eq(nums[8], 0.):
    y = torch.silu(x)
  else:
    if torch.eq(nums[8], 1.):
      y = torch.gelu(x)
    else:
      y = torch.gelu(x, approximate="tanh")
  return y

# The rest of a layer: attention's output o [N, K * G * E] into the residual stream, and the mlp.
def finish(self, x: Tensor, o: Tensor, w: List[Tensor], j: int, dims: List[int], nums: List[float]) -> Tensor:
  x1 = x + self.addend(self.biased(self.linear(o, w, j + 5, dims), w[j + 11]), w[j + 9], nums)
  both = self.biased(self.linear(self.normed_if(x1, w[j + 6], nums), w, j + 7, dims), w[j + 12])
  gate, up = torch.chunk(both, 2, 1)
  down = self.linear(self.activated(gate, nums) * up, w, j + 8, dims)
  return x1 + self.addend(self.biased(down, w[j + 13]), w[j + 10], nums)

# [B, 1, G * T, T], added to the scores: 0 where a query may look, far below everything where not. A query sees its own
# segment, and segment 65536 * n, which those up to 65536 * n + 65535 share, and of these within a window (0: none) of
# its own position. A query without any key (padding) looks at all of them evenly, which nobody reads and which is not
# NaN.
def visible(self, segments: Tensor, positions: Tensor, window: int, dims: List[int]) -> Tensor:
  query = torch.unsqueeze(segments, 2)
  key = torch.unsqueeze(segments, 1)
  beginning = query - torch.remainder(query, 65536)
  seen = torch.logical_or(torch.eq(query, key), torch.eq(beginning, key))
  ok = torch.logical_and(torch.tril(seen), torch.gt(key, 0))
  if torch.gt(window, 0):
    away = torch.unsqueeze(positions, 2) - torch.unsqueeze(positions, 1)
    ok = torch.logical_and(ok, torch.lt(away, window))
  mask = torch.where(ok, 0., -1.0e30)
  return torch.unsqueeze(mask, 1).repeat([1, 1, dims[2], 1])

# visible() of the layers that see all, and behind it, where there are windowed ones, theirs.
def masks(self, segments: Tensor, positions: Tensor, dims: List[int]) -> List[Tensor]:
  made = [self.visible(segments, positions, 0, dims)]
  if torch.gt(dims[4], 0):
    made.append(self.visible(segments, positions, dims[4], dims))
  return made

# The one of masks() for layer i.
def mask_of(self, masks: List[Tensor], i: int, dims: List[int]) -> Tensor:
  return masks[int(self.windowed(i, dims))]

# x, or cap * tanh(x / cap) if there is a cap.
def capped(self, x: Tensor, cap: float) -> Tensor:
  if torch.gt(cap, 0.):
    x = torch.tanh(x / cap) * cap
  return x

# Attention within the rows: a [N, K, G + 2, E] to [N, K * G * E]. The queries of a group lie one after another, so that
# keys and values need no copy for each of them.
def attend(self, a: Tensor, mask: Tensor, b: int, t: int, dims: List[int], nums: List[float]) -> Tensor:
  k = dims[1]
  g = dims[2]
  e = dims[3]
  by_head = torch.contiguous(torch.permute(a.view([b, t, k, g + 2, e]), [0, 2, 3, 1, 4]))
  query, key, value = torch.split_with_sizes(by_head, [g, 1, 1], 2)
  q = query.reshape([b, k, g * t, e])
  if torch.gt(nums[5], 0.):
    scores = torch.matmul(q, torch.transpose(torch.squeeze(key, 2), 2, 3)) * nums[1]
    o = torch.matmul(torch.softmax(self.capped(scores, nums[5]) + mask, -1), torch.squeeze(value, 2))
  else:
    o = torch.scaled_dot_product_attention(q, torch.squeeze(key, 2), torch.squeeze(value, 2), mask, scale=nums[1])
  return torch.permute(o.reshape([b, k, g, t, e]), [0, 3, 1, 2, 4]).reshape([b * t, k * g * e])

# Embeddings [N, D] of ids [N].
def embedded(self, ids: Tensor, w: List[Tensor], nums: List[float]) -> Tensor:
  x = self.wide(torch.embedding(w[0], ids))
  if torch.ne(nums[2], 1.):
    x = x * nums[2]
  return x

# What the layers begin with and share: the residual stream [N, D] of ids, positions and segments [B, T], the positions'
# rotations, and the masks.
def start(self, ids: Tensor, positions: Tensor, segments: Tensor, w: List[Tensor], dims: List[int], nums: List[float]) -> List[Tensor]:
  begun = [self.embedded(ids.view([-1]), w, nums)]
  begun.extend(self.rotations(positions.view([-1]), w, dims))
  begun.extend(self.masks(segments, positions, dims))
  return begun

# The residual stream after layer i. What the last layer does for other positions than the selected is never computed.
def layer(self, x: Tensor, begun: List[Tensor], selected: Tensor, w: List[Tensor], i: int, dims: List[int], nums: List[float]) -> Tensor:
  j = 4 + 14 * i
  turns = torch.floordiv(2 * (torch.len(begun) - 1), 3)
  mask = self.mask_of(torch.slice(begun, 1 + turns), i, dims)
  a = self.project(x, w, j, self.turn_of(torch.slice(begun, 1, 1 + turns), i, dims), dims, nums)
  o = self.attend(a, mask, mask.size(0), mask.size(3), dims, nums)
  if torch.eq(i, dims[0] - 1):
    x = torch.index_select(x, 0, selected)
    o = torch.index_select(o, 0, selected)
  return self.finish(x, o, w, j, dims, nums)

# Final hidden states [M, D] at the flat positions selected [M].
def hidden(self, ids: Tensor, positions: Tensor, segments: Tensor, selected: Tensor, w: List[Tensor], dims: List[int], nums: List[float]) -> Tensor:
  begun = self.start(ids, positions, segments, w, dims, nums)
  x = begun[0]
  for i in range(dims[0]):
    x = self.layer(x, begun, selected, w, i, dims, nums)
  return self.final(x, w, nums)

# The final norm of the residual stream, with the logits' scale worked in.
def final(self, x: Tensor, w: List[Tensor], nums: List[float]) -> Tensor:
  h = self.rms_norm(x, w[1], nums)
  if torch.ne(nums[4], 1.):
    h = h * nums[4]
  return h

# The head at the selected positions: logits [M, V], or scores [M, 1].
def head(self, ids: Tensor, positions: Tensor, segments: Tensor, selected: Tensor, w: List[Tensor], dims: List[int], nums: List[float]) -> Tensor:
  logits = torch.contiguous(self.linear(self.hidden(ids, positions, segments, selected, w, dims, nums), w, 2, dims))
  return self.capped(logits, nums[6])

# Scores [M] of a head with one output.
def scores(self, ids: Tensor, positions: Tensor, segments: Tensor, selected: Tensor, w: List[Tensor], dims: List[int], nums: List[float]) -> Tensor:
  return torch.squeeze(self.head(ids, positions, segments, selected, w, dims, nums), 1)

# Log of the distributions [M, V] under logits / temperature.
def log_distributions(self, ids: Tensor, positions: Tensor, segments: Tensor, selected: Tensor, w: List[Tensor], dims: List[int], nums: List[float], temperature: float) -> Tensor:
  logits = self.head(ids, positions, segments, selected, w, dims, nums)
  if torch.ne(temperature, 1.):
    logits = logits / temperature
  return torch.log_softmax(logits, 1)

# Log-probabilities [M] of the targets [M].
def logprobs(self, ids: Tensor, positions: Tensor, segments: Tensor, selected: Tensor, w: List[Tensor], dims: List[int], nums: List[float], targets: Tensor, temperature: float) -> Tensor:
  logs = self.log_distributions(ids, positions, segments, selected, w, dims, nums, temperature)
  return torch.squeeze(torch.gather(logs, 1, torch.unsqueeze(targets, 1)), 1)

# The same, and the entropy [M] of the distributions, which takes no part in gradients.
def logprobs_and_entropy(self, ids: Tensor, positions: Tensor, segments: Tensor, selected: Tensor, w: List[Tensor], dims: List[int], nums: List[float], targets: Tensor, temperature: float) -> List[Tensor]:
  logs = self.log_distributions(ids, positions, segments, selected, w, dims, nums, temperature)
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
