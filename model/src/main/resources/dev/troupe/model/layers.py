# What a layer computes while generating, for any model: decoder.py's own. narrow.py has the same five for small ones.

# The residual stream [N, D] of tokens [N].
def enter(self, tokens: Tensor, w: List[Tensor], dims: List[int], nums: List[float]) -> Tensor:
  return self.embedded(tokens, w, nums)

# What turns queries and keys at positions [N].
def turns(self, positions: Tensor, w: List[Tensor], dims: List[int]) -> List[Tensor]:
  return self.rotations(positions, w, dims)

# Layer i's queries, keys and values [N, K, G + 2, E].
def heads(self, x: Tensor, turn: List[Tensor], w: List[Tensor], i: int, dims: List[int], nums: List[float]) -> Tensor:
  return self.project(x, w, 4 + 14 * i, self.turn_of(turn, i, dims), dims, nums)

# The residual stream after layer i, whose attention gave o [N, K * G * E].
def leave(self, x: Tensor, o: Tensor, turn: List[Tensor], w: List[Tensor], i: int, dims: List[int], nums: List[float]) -> Tensor:
  return self.finish(x, o, w, 4 + 14 * i, dims, nums)

# Logits [N, V].
def logits(self, x: Tensor, turn: List[Tensor], w: List[Tensor], dims: List[int], nums: List[float]) -> Tensor:
  return self.capped(torch.contiguous(self.linear(self.final(x, w, nums), w, 2, dims)), nums[6])
