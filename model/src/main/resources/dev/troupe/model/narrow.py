# What layers.py has, for models so small that a step is calls more than numbers: half as many of them.
#
#   The residual stream has one more column, D * epsilon under the root, so that a norm is its rows scaled to one length,
#   which is a single call; matrices have zeros there.
#   Norms' weights are worked into the matrices that follow them, and those lie as their products read them.
#   Halves of a head lie pair by pair, so that turning them is one product of complex numbers.
#
# w: 0 embedding [V, D + 1], 1 head [D + 1, V], 2 inverse rope frequencies of a group [(G + 2) * E / 2], zero for the
# value, and five for each layer:
#   0 q, k and v [D + 1, K * (G + 2) * E]   1 their bias, or empty   2 attention output [K * G * E, D + 1]
#   3 gate and up [D + 1, 2 * F]            4 down [F, D + 1]

def enter(self, tokens: Tensor, w: List[Tensor], dims: List[int], nums: List[float]) -> Tensor:
  return torch.embedding(w[0], tokens)

# Complex numbers [N, 1, G + 2, E / 2], and the length [N, 1] that rows are scaled to.
def turns(self, positions: Tensor, w: List[Tensor], dims: List[int]) -> List[Tensor]:
  angle = torch.unsqueeze(torch.to(positions, 6), 1) * w[2]
  turn = torch.polar(torch.ones_like(angle), angle)
  length = torch.full([angle.size(0), 1], (w[0].size(1) - 1) ** 0.5, dtype=6, device=angle.device)
  return [turn.view([-1, 1, dims[2] + 2, torch.floordiv(dims[3], 2)]), length]

# x / rms(x). The call knows rows of weights and their norms (Salimans & Kingma 2016, arXiv 1602.07868).
def normed(self, x: Tensor, length: Tensor) -> Tensor:
  y, n = torch._weight_norm_interface(x, torch.slice(length, 0, 0, x.size(0)), 0)
  return y

def heads(self, x: Tensor, turn: List[Tensor], w: List[Tensor], i: int, dims: List[int], nums: List[float]) -> Tensor:
  j = 3 + 5 * i
  y = self.normed(x, turn[1])
  if torch.gt(w[j + 1].numel(), 0):
    a = torch.addmm(w[j + 1], y, w[j])
  else:
    a = torch.mm(y, w[j])
  pairs = torch.view_as_complex(a.view([-1, dims[1], dims[2] + 2, torch.floordiv(dims[3], 2), 2]))
  return torch.view_as_real(pairs * turn[0]).view([-1, dims[1], dims[2] + 2, dims[3]])

def leave(self, x: Tensor, o: Tensor, turn: List[Tensor], w: List[Tensor], i: int, dims: List[int], nums: List[float]) -> Tensor:
  j = 3 + 5 * i
  x1 = torch.addmm(x, o, w[j + 2])
  gate, up = torch.chunk(torch.mm(self.normed(x1, turn[1]), w[j + 3]), 2, 1)
  return torch.addmm(x1, torch.mul_(torch.silu(gate), up), w[j + 4])

def logits(self, x: Tensor, turn: List[Tensor], w: List[Tensor], dims: List[int], nums: List[float]) -> Tensor:
  return torch.mm(self.normed(x, turn[1]), w[1])

# m [out, D], the norm before it worked in, as [D + 1, out].
def before(self, m: Tensor, norm: Tensor) -> Tensor:
  return torch.cat([torch.t(m * norm), torch.zeros([1, m.size(0)], dtype=6, device=m.device)])

# m [D, in] as [in, D + 1].
def after(self, m: Tensor) -> Tensor:
  return torch.cat([torch.t(m), torch.zeros([m.size(1), 1], dtype=6, device=m.device)], 1)

# Rows m [K * (G + 2) * E, ...] with the halves of queries and keys pair by pair.
def paired(self, m: Tensor, dims: List[int]) -> Tensor:
  g = dims[2] + 1
  groups = m.view([dims[1], g + 1, dims[3], -1])
  halves = torch.slice(groups, 1, 0, g).reshape([dims[1], g, 2, torch.floordiv(dims[3], 2), -1])
  pairs = torch.transpose(halves, 2, 3).reshape([dims[1], g, dims[3], -1])
  return torch.cat([pairs, torch.slice(groups, 1, g)], 1).view([m.size(0), -1])

# The list w, of one as decoder.py has it.
def narrowed_list(self, from_: List[Tensor], dims: List[int], nums: List[float]) -> List[Tensor]:
  none = torch.empty([0], dtype=6, device=from_[0].device)
  column = torch.full([from_[0].size(0), 1], (from_[0].size(1) * nums[0]) ** 0.5, dtype=6, device=from_[0].device)
  frequencies = torch.cat([from_[3].repeat([dims[2] + 1]), torch.zeros_like(from_[3])])
  w = [torch.cat([from_[0], column], 1), self.before(from_[2], from_[1]), frequencies]
  for i in range(dims[0]):
    j = 4 + 14 * i
    bias = none
    if torch.gt(from_[j + 2].numel(), 0):
      bias = self.paired(from_[j + 2], dims).view([-1])
    qkv = self.paired(from_[j + 1], dims)
    w.extend([self.before(qkv, from_[j]), bias, self.after(from_[j + 5])])
    w.extend([self.before(from_[j + 7], from_[j + 6]), self.after(from_[j + 8])])
  return w
