# Generation token by token, on top of layers.py or narrow.py and of sampling.py. S rows, each with room for L tokens (an
# engine's slots and length, and what fills them up); n of them begin together. cache holds for each layer the keys
# [S * K, E, L] and the values [S * K, L, E], as the products read them.

# Computes R prompts ids [R, P] (what pads them repeats their last token; last [R] are the flat places of those). The
# logits [R, V] after them, each layer's keys [R, K, E, P] and values [R, K, P, E], and a copy of ids, whose own memory
# is the caller's.
def prompts(self, ids: Tensor, positions: Tensor, segments: Tensor, last: Tensor, w: List[Tensor], dims: List[int], nums: List[float]) -> List[Tensor]:
  r = ids.size(0)
  t = ids.size(1)
  x = self.enter(ids.view([-1]), w, dims, nums)
  turn = self.turns(positions.view([-1]), w, dims)
  masks = self.masks(segments, positions, dims)
  stores : List[Tensor] = []
  for i in range(dims[0]):
    a = self.heads(x, turn, w, i, dims, nums)
    both = torch.slice(a, 2, dims[2]).view([r, t, dims[1], 2, dims[3]])
    stores.append(torch.contiguous(torch.permute(torch.select(both, 3, 0), [0, 2, 3, 1])))
    stores.append(torch.contiguous(torch.permute(torch.select(both, 3, 1), [0, 2, 1, 3])))
    o = self.attend(a, self.mask_of(masks, i, dims), r, t, dims, nums)
    if torch.eq(i, dims[0] - 1):
      x = torch.index_select(x, 0, last)
      o = torch.index_select(o, 0, last)
    x = self.leave(x, o, turn, w, i, dims, nums)
  made = [self.logits(x, turn, w, dims, nums)]
  made.extend(stores)
  made.append(torch.clone(ids))
  return made

# [S * K, 1, L], added to the scores over the cache's columns [L]: 0 where a row at its position [S, 1] may look, within
# a window (0: none).
def cache_mask(self, columns: Tensor, at: Tensor, window: int, k: int) -> Tensor:
  seen = torch.le(columns, at)
  if torch.gt(window, 0):
    seen = torch.logical_and(seen, torch.gt(columns, at - window))
  hidden = torch.where(seen, 0., -1.0e30)
  return torch.unsqueeze(hidden, 1).expand([at.size(0), k, columns.numel()]).reshape([at.size(0) * k, 1, -1])

# Logits [S, V] after one more token of every slot: tokens [S] stand at positions [S]. Every step runs the same shapes
# over the whole cache, so that no row's numbers depend on another's length.
# fixed: 0 the columns 0 to L - 1, 1 [S, K] where each key-value head begins in the cache laid flat.
def advance(self, tokens: Tensor, positions: Tensor, fixed: List[Tensor], cache: List[Tensor], w: List[Tensor], dims: List[int], nums: List[float]) -> Tensor:
  s = tokens.numel()
  k = dims[1]
  g = dims[2]
  e = dims[3]
  x = self.enter(tokens, w, dims, nums)
  turn = self.turns(positions, w, dims)
  at = torch.unsqueeze(positions, 1)
  masks = [self.cache_mask(fixed[0], at, 0, k)]
  if torch.gt(dims[4], 0):
    masks.append(self.cache_mask(fixed[0], at, dims[4], k))
  place = (fixed[1] + at).view([-1])
  column = torch.unsqueeze(at, 1).expand([s, k, e]).reshape([s * k, e, 1])
  for i in range(dims[0]):
    a = self.heads(x, turn, w, i, dims, nums).view([s * k, g + 2, e])
    keys = cache[2 * i]
    values = cache[2 * i + 1]
    torch.scatter_(keys, 2, column, torch.unsqueeze(torch.select(a, 1, g), 2))
    torch.index_copy_(values.view([-1, e]), 0, place, torch.select(a, 1, g + 1))
    mask = self.mask_of(masks, i, dims)
    if torch.gt(nums[5], 0.):
      scores = self.capped(torch.bmm(torch.slice(a, 1, 0, g), keys) * nums[1], nums[5]) + mask
    else:
      scores = torch.baddbmm(mask, torch.slice(a, 1, 0, g), keys, beta=1, alpha=nums[1])
    o = torch.bmm(torch.softmax(scores, -1), values)
    x = self.leave(x, o.view([s, k * g * e]), turn, w, i, dims, nums)
  return self.logits(x, turn, w, dims, nums)

# The first token of n slots [n], each after one of the prompts that prompts() has made, in rows [n]: copies its keys and
# values into the slots and draws with noise [n]. Answer [3, n].
def begin(self, made: List[Tensor], rows: Tensor, slots: Tensor, noise: Tensor, cache: List[Tensor], seen: Tensor, banned: Tensor, how: List[float]) -> Tensor:
  n = torch.len(cache)
  for i in range(n):
    part = torch.index_select(made[i + 1], 0, rows)
    room = cache[i].view([-1, part.size(1), cache[i].size(1), cache[i].size(2)])
    begun = torch.slice(torch.slice(room, 2, 0, part.size(2)), 3, 0, part.size(3))
    torch.index_put_(begun, [slots], part)
  logits = torch.index_select(made[0], 0, rows)
  if torch.gt(seen.numel(), 0):
    ids = torch.index_select(made[n + 1], 0, rows)
    has = torch.scatter(torch.zeros_like(torch.index_select(seen, 0, slots)), 1, ids, True)
    torch.index_put_(seen, [slots], has)
    return self.draw(logits, noise, has, banned, how)
  return self.draw(logits, noise, seen, banned, how)

# One token of every slot. inputs [3, S] float64: tokens drawn last, their positions, noise; answer [3, S] float64.
def step(self, inputs: Tensor, answer: Tensor, fixed: List[Tensor], cache: List[Tensor], seen: Tensor, banned: Tensor, w: List[Tensor], dims: List[int], nums: List[float], how: List[float]) -> None:
  tokens = torch.to(torch.select(inputs, 0, 0), 4)
  positions = torch.to(torch.select(inputs, 0, 1), 4)
  logits = self.advance(tokens, positions, fixed, cache, w, dims, nums)
  if torch.gt(seen.numel(), 0):
    torch.scatter_(seen, 1, torch.unsqueeze(tokens, 1), True)
  torch.copy_(answer, self.draw(logits, torch.select(inputs, 0, 2), seen, banned, how))
  return None

# A matrix as oneDNN wants it for rows at a time, in bf16 or with the numbers of bf16 in fp32 if it is to be rounded.
def pack(self, x: Tensor, rows: int, rounded: bool, narrow: bool) -> Tensor:
  if rounded:
    x = torch.to(x, 15)
  if torch.__not__(narrow):
    x = torch.to(x, 6)
  return ops.mkldnn._reorder_linear_weight(x, rows)

# Adapters' B [out, R] with the scales M worked in.
def scaled_b(self, into: List[Tensor], b: List[Tensor], m: List[Tensor]) -> None:
  for i in range(torch.len(into)):
    torch.mul(b[i], m[i], out=into[i])
  return None
