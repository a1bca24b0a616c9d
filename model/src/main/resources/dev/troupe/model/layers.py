# What a layer computes while generating, for any model: decoder.py's own. narrow.py has the same five for small ones.

# The residual stream [N, D] of tokens [N].
def enter(self, tokens: Tensor, w: List[Tensor], dims: List[int], eps: float) -> Tensor:
  return self.wide(torch.embedding(w[0], tokens))

# What turns queries and keys at positions [N].
def turns(self, positions: Tensor, w: List[Tensor], dims: List[int]) -> List[Tensor]:
  return self.rotation(positions, w, dims)

# Layer i's queries, keys and values [N, K, G + 2, E].
def heads(self, x: Tensor, turn: List[Tensor], w: List[Tensor], i: int, dims: List[int], eps: float) -> Tensor:
  return self.project(x, w, 4 + 9 * i, turn, dims, eps)

# The residual stream after layer i, whose attention gave o [N, K * G * E].
def leave(self, x: Tensor, o: Tensor, turn: List[Tensor], w: List[Tensor], i: int, dims: List[int], eps: float) -> Tensor:
  return self.finish(x, o, w, 4 + 9 * i, dims, eps)

# Logits [N, V].
def logits(self, x: Tensor, turn: List[Tensor], w: List[Tensor], dims: List[int], eps: float) -> Tensor:
  return torch.contiguous(self.linear(self.rms_norm(x, w[1], eps), w, 2, dims))
