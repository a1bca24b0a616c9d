# The kernel: decoder.py's forward pass in another order of numbers, for scoring and for training, with its backward pass
# written out by hand in place of autograd's. It computes the same function (a test holds outputs and gradients to the
# definition) and is faster because
#   norms' weights are worked into the matrices that follow them, or into their inputs where those are smaller;
#   numbers lie by channel, [channels, N], so that heads, halves of a head, gate and up are whole slabs, every product
#   has a wide side, and none takes both its factors the slow way round;
#   one key-value head after another is worked through, which stays in the cache, its queries side by side;
#   keys after a block of queries are not touched.
# Gradient checkpointing (Chen et al. 2016, arXiv 1604.06174) is the same code: a layer is computed a second time.
#
# For models without query and key norms, norms after attention or the mlp, biases but those of q, k and v, caps, and
# with one window for all layers or none (ModelConfig.byKernel). Words as in decoder.py; M selected positions; g are the gradients, in the
# same places as the weights, empty for what is not trained. Over a frozen base only the adapters' factors have one
# (linear.py; their inputs are never dropped here).

# x / rms(x), and 1 / rms(x) [1, N], of x [D, N].
def scaled(self, x: Tensor, nums: List[float]) -> List[Tensor]:
  r = torch.rsqrt(torch.mean(x * x, [0], True) + nums[0])
  return [x * r, r]

# The gradient of x, given that of scaled(x) and that which reaches x by the residual stream.
def scaled_backward(self, through: Tensor, residual: Tensor, y: Tensor, r: Tensor) -> Tensor:
  along = torch.mean(through * y, [0], True)
  return torch.addcmul(residual, torch.addcmul(through, y, along, value=-1), r)

# Turns x [K, G + 1, E, N] by the positions' angles into out; c and s [E / 2, N]; by -s it turns back.
def turn(self, x: Tensor, out: Tensor, c: Tensor, s: Tensor) -> None:
  a, b = torch.chunk(x, 2, 2)
  first, second = torch.chunk(out, 2, 2)
  torch.addcmul_(torch.mul(a, c, out=first), b, s, value=-1)
  torch.addcmul_(torch.mul(b, c, out=second), a, s)
  return None

# [K * (G + 2) * E, 1]: what the rows of the first product are scaled by, queries by the scale of scores.
def query_scale(self, like: Tensor, dims: List[int], nums: List[float]) -> Tensor:
  k = dims[1]
  g = dims[2]
  e = dims[3]
  q = torch.full([1, g * e], nums[1], dtype=like.dtype, device=like.device)
  one = torch.ones([1, 2 * e], dtype=like.dtype, device=like.device)
  return torch.cat([q, one], 1).expand([k, (g + 2) * e]).reshape([-1, 1])

# Columns of a block of queries, so that T is cut into 1 to 4 blocks.
def block(self, t: int) -> int:
  return ops.prim.max(32, torch.floordiv(t + 3, 4))

# The [B, E, T] of a head in a [heads, E, N].
def rows(self, x: Tensor, head: int, b: int, t: int) -> Tensor:
  return torch.transpose(torch.select(x, 0, head).view([-1, b, t]), 0, 1)

# The [B, E, G, T] of the first G heads in a [heads, E, N].
def group(self, x: Tensor, g: int, b: int, t: int) -> Tensor:
  return torch.permute(torch.slice(x, 0, 0, g).view([g, -1, b, t]), [2, 1, 0, 3])

# [B, E, G * size]: queries of a block, those of one head after another's.
def side_by_side(self, x: Tensor, lo: int, hi: int) -> Tensor:
  return torch.slice(x, 3, lo, hi).reshape([x.size(0), x.size(1), -1])

# What is added to the scores of each block of queries, [B, G * size, hi], of mask [B, T, T].
def block_masks(self, mask: Tensor, g: int) -> List[Tensor]:
  b = mask.size(0)
  t = mask.size(1)
  size = self.block(t)
  masks : List[Tensor] = []
  for n in range(torch.floordiv(t + size - 1, size)):
    lo = n * size
    hi = ops.prim.min(lo + size, t)
    part = torch.unsqueeze(torch.slice(torch.slice(mask, 1, lo, hi), 2, 0, hi), 1)
    masks.append(part.expand([b, g, hi - lo, hi]).reshape([b, -1, hi]))
  return masks

# The output [K, G, E, N] of attention over turned queries and keys qk [K, G + 1, E, N] and a's values. With keep,
# appends each key-value head's and block's probabilities [B, G * size, hi] to kept.
def attend_by_head(self, qk: Tensor, a: Tensor, masks: List[Tensor], b: int, t: int, dims: List[int], kept: List[Tensor], keep: bool) -> Tensor:
  g = dims[2]
  size = self.block(t)
  o = torch.empty([dims[1], g, dims[3], b * t], dtype=a.dtype, device=a.device)
  for k in range(dims[1]):
    queries = self.group(qk[k], g, b, t)
    keys = self.rows(qk[k], g, b, t)
    values = self.rows(a[k], g + 1, b, t)
    out = self.group(o[k], g, b, t)
    for n in range(torch.len(masks)):
      lo = n * size
      hi = ops.prim.min(lo + size, t)
      q = torch.transpose(self.side_by_side(queries, lo, hi), 1, 2)
      p = torch.softmax(torch.baddbmm(masks[n], q, torch.slice(keys, 2, 0, hi)), -1)
      made = torch.bmm(torch.slice(values, 2, 0, hi), torch.transpose(p, 1, 2))
      torch.copy_(torch.slice(out, 3, lo, hi), made.view([b, dims[3], g, hi - lo]))
      if keep:
        kept.append(p)
  return o

# The gradient of a [K, G + 2, E, N], given that of attend_by_head's output, d_o [K, G, E, N]; kept from place at on.
def attend_by_head_backward(self, d_o: Tensor, qk: Tensor, a: Tensor, kept: List[Tensor], at: int, b: int, t: int, dims: List[int], c: Tensor, s: Tensor) -> Tensor:
  g = dims[2]
  size = self.block(t)
  blocks = torch.floordiv(t + size - 1, size)
  d_qk = torch.empty_like(qk)
  d_a = torch.empty_like(a)
  for k in range(dims[1]):
    queries = self.group(qk[k], g, b, t)
    keys = self.rows(qk[k], g, b, t)
    values = self.rows(a[k], g + 1, b, t)
    d_out = self.group(d_o[k], g, b, t)
    d_queries = self.group(d_qk[k], g, b, t)
    d_keys = self.rows(d_qk[k], g, b, t)
    d_values = self.rows(d_a[k], g + 1, b, t)
    for back in range(blocks):
      n = blocks - 1 - back
      lo = n * size
      hi = ops.prim.min(lo + size, t)
      p = kept[at + k * blocks + n]
      d = self.side_by_side(d_out, lo, hi)
      d_p = torch.bmm(torch.transpose(d, 1, 2), torch.slice(values, 2, 0, hi))
      d_scores = torch._softmax_backward_data(d_p, p, -1, 6)
      from_values = torch.bmm(d, p)
      from_keys = torch.bmm(self.side_by_side(queries, lo, hi), d_scores)
      # The last block reaches every key.
      if torch.eq(back, 0):
        torch.copy_(d_values, from_values)
        torch.copy_(d_keys, from_keys)
      else:
        torch.add_(torch.slice(d_values, 2, 0, hi), from_values)
        torch.add_(torch.slice(d_keys, 2, 0, hi), from_keys)
      made = torch.bmm(torch.slice(keys, 2, 0, hi), torch.transpose(d_scores, 1, 2))
      torch.copy_(torch.slice(d_queries, 3, lo, hi), made.view([b, dims[3], g, hi - lo]))
  self.turn(d_qk, torch.slice(d_a, 1, 0, g + 1), c, torch.neg(s))
  return d_a

# The matrix at place i of w, in fp32, without its adapter; the one in held at place k if that is not empty.
def whole(self, w: List[Tensor], i: int, held: List[Tensor], k: int, dims: List[int]) -> Tensor:
  if torch.gt(torch.len(held), 0):
    m = held[k]
  else:
    m = self.wide(self.matrix(w, i, 4 + 14 * dims[0]))
  return m

# All four of a layer, for two passes over it.
def held(self, w: List[Tensor], i: int, dims: List[int]) -> List[Tensor]:
  j = 4 + 14 * i
  none : List[Tensor] = []
  return [self.whole(w, j + 1, none, 0, dims), self.whole(w, j + 5, none, 0, dims), self.whole(w, j + 7, none, 0, dims), self.whole(w, j + 8, none, 0, dims)]

# A [R, in] of the adapter at place i, the norm at place j worked in, unless that is the same place.
def adapter_a(self, w: List[Tensor], i: int, j: int, n: int) -> Tensor:
  a = w[n + i]
  if torch.ne(i, j):
    a = a * w[j]
  return a

# Adds the adapter's product with y [in, N], if the matrix at place i has one, to out [out, N]; the norm at place j stands
# before it (none: j = i) and the rows of its output are scaled by scale [out, 1] or [1, 1].
def add_adapter(self, out: Tensor, y: Tensor, w: List[Tensor], i: int, j: int, scale: Tensor, dims: List[int]) -> None:
  n = 4 + 14 * dims[0]
  if self.adapted(w, i, n):
    torch.addmm_(out, self.adapter_b(w, i, n) * scale, torch.mm(self.adapter_a(w, i, j, n), y))
  return None

# The way back: adds to d_y, the gradient of y, and to the gradients of A and B, given that of out, d.
def add_adapter_backward(self, d_y: Tensor, d: Tensor, y: Tensor, w: List[Tensor], i: int, j: int, scale: Tensor, g: List[Tensor], dims: List[int]) -> None:
  n = 4 + 14 * dims[0]
  if self.adapted(w, i, n):
    a = self.adapter_a(w, i, j, n)
    d_u = torch.mm(torch.t(self.adapter_b(w, i, n) * scale), d)
    torch.addmm_(d_y, torch.t(a), d_u)
    if self.adapted(g, i, n):
      made = torch.mm(d, torch.t(torch.mm(a, y)))
      torch.addcmul_(g[2 * n + i], made * scale, w[3 * n + i])
      if torch.eq(i, j):
        torch.addmm_(g[n + i], d_u, torch.t(y))
      else:
        torch.addcmul_(g[n + i], torch.mm(d_u, torch.t(y)), w[j])
  return None

# scale * (m @ (norm * y)): m [out, in], norm [in], y [in, N], scale [out, 1] or, standing for one, [1, 1]. Norm and scale
# go where there are fewer numbers to multiply.
def normed_mm(self, m: Tensor, norm: Tensor, scale: Tensor, y: Tensor) -> Tensor:
  if torch.lt(y.size(1), m.size(0)):
    out = torch.mm(m, y * torch.unsqueeze(norm, 1))
    if torch.gt(scale.numel(), 1):
      torch.mul_(out, scale)
  else:
    out = torch.mm(self.folded(m, norm, scale), y)
  return out

# m with norm and scale worked in.
def folded(self, m: Tensor, norm: Tensor, scale: Tensor) -> Tensor:
  f = m * norm
  if torch.gt(scale.numel(), 1):
    torch.mul_(f, scale)
  return f

# The way back: the gradient of y, given that of normed_mm's output, d. Adds to those of m and norm unless g_m is empty.
def normed_mm_backward(self, d: Tensor, m: Tensor, norm: Tensor, scale: Tensor, y: Tensor, g_m: Tensor, g_norm: Tensor) -> Tensor:
  trained = torch.gt(g_m.numel(), 0)
  if torch.lt(y.size(1), m.size(0)):
    column = torch.unsqueeze(norm, 1)
    scaled = d
    if torch.gt(scale.numel(), 1):
      scaled = d * scale
    d_y = torch.mm(torch.t(m), scaled)
    if trained:
      torch.addmm_(g_m, scaled, torch.t(y * column))
      torch.add_(g_norm, torch.sum(d_y * y, [1]))
    torch.mul_(d_y, column)
  else:
    if trained:
      made = torch.mm(d, torch.t(y))
      if torch.gt(scale.numel(), 1):
        torch.mul_(made, scale)
      torch.addcmul_(g_m, made, norm)
      torch.add_(g_norm, torch.sum(made * m, [0]))
    d_y = torch.mm(torch.t(self.folded(m, norm, scale)), d)
  return d_y

# The products of layer i with the residual stream x [D, N]: x after attention and the mlp's inner numbers [F, M], in the
# last layer at the selected positions only. shared is what shared_by_layers returns, held what held() does or nothing.
# With keep, appends all that layer_backward needs to kept.
def layer_by_channel(self, x: Tensor, i: int, shared: List[Tensor], selected: Tensor, w: List[Tensor], dims: List[int], nums: List[float], kept: List[Tensor], keep: bool, held: List[Tensor]) -> List[Tensor]:
  n = x.size(1)
  j = 4 + 14 * i
  y, r = self.scaled(x, nums)
  a = self.normed_mm(self.whole(w, j + 1, held, 0, dims), w[j], shared[2], y)
  self.add_adapter(a, y, w, j + 1, j, shared[2], dims)
  if torch.gt(w[j + 2].numel(), 0):
    a = a + torch.unsqueeze(w[j + 2], 1) * shared[2]
  a = a.view([dims[1], dims[2] + 2, dims[3], n])
  qk = torch.empty([dims[1], dims[2] + 1, dims[3], n], dtype=a.dtype, device=a.device)
  self.turn(torch.slice(a, 1, 0, dims[2] + 1), qk, shared[0], shared[1])
  if keep:
    kept.extend([y, r, a, qk])
  masks = torch.slice(shared, 4)
  t = masks[torch.len(masks) - 1].size(2)
  o = self.attend_by_head(qk, a, masks, torch.floordiv(n, t), t, dims, kept, keep).view([-1, n])
  if torch.eq(i, dims[0] - 1):
    x = torch.index_select(x, 1, selected)
    o = torch.index_select(o, 1, selected)
  x = torch.addmm(x, self.whole(w, j + 5, held, 1, dims), o)
  self.add_adapter(x, o, w, j + 5, j + 5, shared[3], dims)
  y, r = self.scaled(x, nums)
  both = self.normed_mm(self.whole(w, j + 7, held, 2, dims), w[j + 6], shared[3], y)
  self.add_adapter(both, y, w, j + 7, j + 6, shared[3], dims)
  gate, up = torch.chunk(both, 2, 0)
  silu = torch.silu(gate)
  inner = silu * up
  if keep:
    kept.extend([o, y, r, both, silu, inner])
  return [x, inner]

# Cosine and sine [E / 2, N] of the positions, query_scale, one, and the blocks' masks.
def shared_by_layers(self, positions: Tensor, segments: Tensor, w: List[Tensor], dims: List[int], nums: List[float]) -> List[Tensor]:
  angle = torch.unsqueeze(self.rope_row(w, 0, False), 1) * torch.to(positions.view([1, -1]), 6)
  cos = torch.cos(angle)
  sin = torch.sin(angle)
  if torch.gt(w[3].dim(), 1):
    amplitude = torch.unsqueeze(self.rope_row(w, 1, False), 1)
    cos = cos * amplitude
    sin = sin * amplitude
  mask = torch.squeeze(self.visible(segments, positions, dims[4], [dims[0], dims[1], 1, dims[3]]), 1)
  one = torch.ones([1, 1], dtype=angle.dtype, device=angle.device)
  shared = [cos, sin, self.query_scale(w[1], dims, nums), one]
  shared.extend(self.block_masks(mask, dims[2]))
  return shared

# Final hidden states [M, D]. With keep, also what hidden_backward needs: shared_by_layers, then of each layer
# what layer_backward needs, or with again nothing but its input, to compute the layer a second time; last the final norm's
# scaled(x).
def hidden_by_channel(self, ids: Tensor, positions: Tensor, segments: Tensor, selected: Tensor, w: List[Tensor], dims: List[int], nums: List[float], keep: bool, again: bool) -> List[Tensor]:
  shared = self.shared_by_layers(positions, segments, w, dims, nums)
  kept : List[Tensor] = []
  none : List[Tensor] = []
  x = torch.contiguous(torch.t(self.wide(torch.embedding(w[0], ids.view([-1])))))
  for i in range(dims[0]):
    if again:
      kept.append(x)
    x, inner = self.layer_by_channel(x, i, shared, selected, w, dims, nums, kept, torch.__and__(keep, torch.__not__(again)), none)
    x = torch.addmm(x, self.whole(w, 4 + 14 * i + 8, none, 3, dims), inner)
    self.add_adapter(x, inner, w, 4 + 14 * i + 8, 4 + 14 * i + 8, shared[3], dims)
  last = self.scaled(x, nums)
  made = [torch.contiguous(torch.t(last[0])) * w[1]]
  if keep:
    made.extend(shared)
    made.extend(kept)
    made.extend(last)
  return made

# d [C, M] at the places selected of [C, N], which is zero elsewhere; a place may be selected twice.
def at_all(self, d: Tensor, selected: Tensor, n: int) -> Tensor:
  return torch.index_add_(torch.zeros([d.size(0), n], dtype=d.dtype, device=d.device), 1, selected, d)

# Adds d [out, N] times y [in, N] turned to g [out, in]; the other way round if that is wide and small, which is faster.
def add_product(self, g: Tensor, d: Tensor, y: Tensor) -> None:
  if torch.__and__(torch.lt(g.size(0), g.size(1)), torch.lt(g.numel(), 131072)):
    torch.add_(g, torch.t(torch.mm(y, torch.t(d))))
  else:
    torch.addmm_(g, d, torch.t(y))
  return None

# The gradient of layer i's input, given that of its output, d_x, and what layer_by_channel kept, from place at on. Adds
# to the gradients g.
def layer_backward(self, d_x: Tensor, i: int, shared: List[Tensor], selected: Tensor, kept: List[Tensor], at: int, w: List[Tensor], g: List[Tensor], dims: List[int], held: List[Tensor]) -> Tensor:
  parts = dims[1] * (torch.len(shared) - 4)
  t = shared[torch.len(shared) - 1].size(2)
  b = torch.floordiv(shared[0].size(1), t)
  scale = shared[2]
  j = 4 + 14 * i
  o, y, r, both, silu, inner = kept[at + 4 + parts], kept[at + 5 + parts], kept[at + 6 + parts], kept[at + 7 + parts], kept[at + 8 + parts], kept[at + 9 + parts]
  gate, up = torch.chunk(both, 2, 0)
  if torch.gt(g[j + 8].numel(), 0):
    self.add_product(g[j + 8], d_x, inner)
  d_inner = torch.mm(torch.t(self.whole(w, j + 8, held, 3, dims)), d_x)
  self.add_adapter_backward(d_inner, d_x, inner, w, j + 8, j + 8, shared[3], g, dims)
  d_both = torch.empty_like(both)
  d_gate, d_up = torch.chunk(d_both, 2, 0)
  torch.mul(d_inner, silu, out=d_up)
  torch.silu_backward(torch.mul_(d_inner, up), gate, grad_input=d_gate)
  d_y = self.normed_mm_backward(d_both, self.whole(w, j + 7, held, 2, dims), w[j + 6], shared[3], y, g[j + 7], g[j + 6])
  self.add_adapter_backward(d_y, d_both, y, w, j + 7, j + 6, shared[3], g, dims)
  d_x = self.scaled_backward(d_y, d_x, y, r)
  if torch.gt(g[j + 5].numel(), 0):
    self.add_product(g[j + 5], d_x, o)
  d_o = torch.mm(torch.t(self.whole(w, j + 5, held, 1, dims)), d_x)
  self.add_adapter_backward(d_o, d_x, o, w, j + 5, j + 5, shared[3], g, dims)
  if torch.eq(i, dims[0] - 1):
    d_x = self.at_all(d_x, selected, b * t)
    d_o = self.at_all(d_o, selected, b * t)
  d_o = d_o.view([dims[1], dims[2], dims[3], b * t])
  d_a = self.attend_by_head_backward(d_o, kept[at + 3], kept[at + 2], kept, at + 4, b, t, dims, shared[0], shared[1])
  d_a = d_a.view([-1, b * t])
  if torch.gt(g[j + 2].numel(), 0):
    torch.add_(g[j + 2], torch.sum(d_a, [1]) * torch.squeeze(scale, 1))
  d_y = self.normed_mm_backward(d_a, self.whole(w, j + 1, held, 0, dims), w[j], scale, kept[at], g[j + 1], g[j])
  self.add_adapter_backward(d_y, d_a, kept[at], w, j + 1, j, scale, g, dims)
  return self.scaled_backward(d_y, d_x, kept[at], kept[at + 1])

# Adds to the gradients g, given d [M, D], that of the final hidden states, and what hidden_by_channel made.
def hidden_backward(self, d: Tensor, made: List[Tensor], again: bool, ids: Tensor, selected: Tensor, w: List[Tensor], g: List[Tensor], dims: List[int], nums: List[float]) -> None:
  blocks = torch.floordiv(ids.size(1) + self.block(ids.size(1)) - 1, self.block(ids.size(1)))
  first = 5 + blocks
  shared = torch.slice(made, 1, first)
  y = made[torch.len(made) - 2]
  by_channel = torch.contiguous(torch.t(d))
  if torch.gt(g[1].numel(), 0):
    torch.add_(g[1], torch.sum(by_channel * y, [1]))
  d_x = self.scaled_backward(by_channel * torch.unsqueeze(w[1], 1), torch.zeros([1], dtype=d.dtype, device=d.device), y, made[torch.len(made) - 1])
  none : List[Tensor] = []
  for back in range(dims[0]):
    i = dims[0] - 1 - back
    if again:
      once_more : List[Tensor] = []
      matrices = self.held(w, i, dims)
      self.layer_by_channel(made[first + i], i, shared, selected, w, dims, nums, once_more, True, matrices)
      d_x = self.layer_backward(d_x, i, shared, selected, once_more, 0, w, g, dims, matrices)
    else:
      d_x = self.layer_backward(d_x, i, shared, selected, made, first + i * (10 + dims[1] * blocks), w, g, dims, none)
  if torch.gt(g[0].numel(), 0):
    torch.add_(g[0], torch.embedding_dense_backward(torch.contiguous(torch.t(d_x)), ids.view([-1]), w[0].size(0), -1, False))
  return None

# One tensor of a list.
def pick(self, tensors: List[Tensor], i: int) -> Tensor:
  return tensors[i]
