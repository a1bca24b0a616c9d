# Linear maps of a layer: the one place that knows how a matrix is stored and what is added to it.
#
# With n = 4 + 14 * layers weights (decoder.py), w may go on in stretches of n tensors, each laid out as the weights are
# and empty where it says nothing. Low-rank adapters (Hu et al. 2021, arXiv 2106.09685) take three:
#   A [R, in] and B [out, R], where R is the sum of the ranks of the modules that are fused in the matrix;
#   M, broadcast to B: the adapter's scale where a module's rows meet its own ranks, 0 elsewhere; empty if B has it
#   worked in.
# Matrices in NF4 (Dettmers et al. 2023, arXiv 2305.14314) take four more; the weight itself is uint8 [out, in / 2] then,
# the modules fused in it one after another:
#   the code of each block's largest magnitude, uint8 [blocks]; a block is 64 numbers, row after row;
#   [2, runs] scale and offset of those codes; the number of blocks [runs] that each of them holds for;
#   the place [out] of each row in the fused order, empty where that is the order already.
# Of those stretches the first two places hold what all matrices share: the two numbers [256, 2] of each byte and the
# number [256] of each code. A last single tensor, float64 [2], is the share of an adapter's inputs that is dropped and
# the seed that says which.

# x [N, in] times the matrix at place i of w: [N, out]. A matrix may lie packed, as oneDNN wants it.
def linear(self, x: Tensor, w: List[Tensor], i: int, dims: List[int]) -> Tensor:
  n = 4 + 14 * dims[0]
  if ops.prim.is_mkldnn(w[i]):
    y = self.added(self.packed_linear(x, w[i]), x, w, i, n)
  else:
    m = self.wide(self.matrix(w, i, n))
    if self.few(x, m):
      y = self.by_channel(x, m, w, i, n)
    else:
      y = self.added(torch.linear(x, m), x, w, i, n)
  return y

# y [N, out] and what an adapter makes of x.
def added(self, y: Tensor, x: Tensor, w: List[Tensor], i: int, n: int) -> Tensor:
  if self.adapted(w, i, n):
    u = torch.linear(self.dropped(x, w, i, n), w[n + i])
    y = torch.addmm(y, u, torch.t(self.adapter_b(w, i, n)))
  return y

# Whether rows x are few and the matrix m is large: up to 64 rows reading it takes longer than computing, on a processor.
# Smaller matrices (PackedWeights has the same bound) stay in the caches.
def few(self, x: Tensor, m: Tensor) -> bool:
  small = torch.__or__(torch.gt(x.size(0), 64), torch.lt(m.numel(), 131072))
  return torch.__not__(torch.__or__(small, ops.prim.is_cuda(m)))

# Few rows times a large matrix m [out, in], as [out, N] turned: MKL reads the matrix as it lies then, where the other way
# round it would make a copy of it at every call.
def by_channel(self, x: Tensor, m: Tensor, w: List[Tensor], i: int, n: int) -> Tensor:
  columns = torch.contiguous(torch.t(x))
  y = torch.mm(m, columns)
  if self.adapted(w, i, n):
    y = torch.addmm(y, self.adapter_b(w, i, n), torch.mm(w[n + i], torch.t(self.dropped(x, w, i, n))))
  return torch.t(y)

# Whether w has an adapter for the matrix at place i.
def adapted(self, w: List[Tensor], i: int, n: int) -> bool:
  has = False
  if torch.gt(torch.len(w), n):
    has = torch.gt(w[n + i].numel(), 0)
  return has

# The adapter's B with its scale.
def adapter_b(self, w: List[Tensor], i: int, n: int) -> Tensor:
  b = w[2 * n + i]
  if torch.gt(w[3 * n + i].numel(), 0):
    b = b * w[3 * n + i]
  return b

# The matrix at place i of w, [out, in], out of its NF4 form if it is stored in that. Nobody keeps it beyond its product.
def matrix(self, w: List[Tensor], i: int, n: int) -> Tensor:
  m = w[i]
  if torch.gt(torch.len(w), 8 * n - 1):
    if torch.gt(w[4 * n + i].numel(), 0):
      m = self.dequantized(w[i], w[4 * n + i], w[5 * n + i], w[6 * n + i], w[4 * n], w[4 * n + 1])
      if torch.gt(w[7 * n + i].numel(), 0):
        m = torch.index_select(m, 0, w[7 * n + i])
  return m

# Numbers [rows, columns] of packed bytes [rows, columns / 2].
def dequantized(self, packed: Tensor, codes: Tensor, runs: Tensor, lengths: Tensor, pairs: Tensor, table: Tensor) -> Tensor:
  spread = torch.repeat_interleave(runs, lengths, 1)
  largest = torch.index_select(table, 0, torch.to(codes, 3)) * torch.select(spread, 0, 0) + torch.select(spread, 0, 1)
  numbers = torch.embedding(pairs, torch.to(packed.view([-1]), 3)).view([-1, 64])
  return (numbers * torch.unsqueeze(largest, 1)).view([packed.size(0), 2 * packed.size(1)])

# x with a share of its numbers dropped and the others scaled up, if w ends with a share. Which ones depends on the seed
# and the place alone, so that a second pass drops the same.
def dropped(self, x: Tensor, w: List[Tensor], i: int, n: int) -> Tensor:
  out = x
  last = torch.len(w) - 1
  if torch.eq(torch.remainder(last, n), 0):
    share = float(torch.select(w[last], 0, 0))
    seed = int(torch.select(w[last], 0, 1))
    chance = torch.Generator(device=None, seed=seed * 1000003 + i)
    kept = torch.bernoulli(torch.full_like(x, 1. - share), generator=chance)
    out = x * kept / (1. - share)
  return out

# Numbers in bf16 widened to fp32, in which everything is computed; others as they are.
def wide(self, x: Tensor) -> Tensor:
  return torch.to(x, 6)

def packed_linear(self, x: Tensor, w: Tensor) -> Tensor:
  y = ops.mkldnn._linear_pointwise(torch.to(x, w.dtype), w, None, "none", [], "")
  return torch.to(y, 6)

# A packed matrix in fp32, as it was; others as they are, in fp32.
def plain(self, x: Tensor) -> Tensor:
  if ops.prim.is_mkldnn(x):
    x = torch.to_dense(x)
  return torch.to(x, 6)
