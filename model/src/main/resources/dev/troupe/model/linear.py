# Linear maps of a layer: the one place that knows how a matrix is stored.

# x [N, in] times the matrix at place i of w: [N, out]. A matrix may lie packed, as oneDNN wants it.
def linear(self, x: Tensor, w: List[Tensor], i: int, dims: List[int]) -> Tensor:
  if ops.prim.is_mkldnn(w[i]):
    return self.packed_linear(x, w[i])
  return torch.linear(x, self.wide(w[i]))

# Numbers in bf16 widened to fp32, in which everything is computed; others as they are.
def wide(self, x: Tensor) -> Tensor:
  return torch.to(x, 6)

def packed_linear(self, x: Tensor, w: Tensor) -> Tensor:
  y = ops.mkldnn._linear_pointwise(torch.to(x, w.dtype), w, None, "none", [], "")
  return torch.to(y, 6)
