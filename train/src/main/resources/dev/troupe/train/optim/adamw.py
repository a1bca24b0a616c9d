def zeros(self, p: List[Tensor]) -> List[Tensor]:
  out : List[Tensor] = []
  for x in p:
    out.append(torch.zeros_like(x))
  return out
def copy(self, to: List[Tensor], source: List[Tensor]) -> None:
  torch._foreach_copy_(to, source)
  return None
def add(self, to: List[Tensor], source: List[Tensor]) -> None:
  torch._foreach_add_(to, source)
  torch._foreach_zero_(source)
  return None
def norms(self, g: List[Tensor]) -> Tensor:
  return torch.stack(torch._foreach_norm(g, 2))
def scale(self, x: List[Tensor], factor: float) -> None:
  torch._foreach_mul_(x, factor)
  return None
def step(self, p: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], s: List[Tensor], lr: float, beta1: float, beta2: float, eps: float) -> None:
  torch._foreach_add_(s, 1)
  torch._fused_adamw_(p, g, m, v, [], s, lr=lr, beta1=beta1, beta2=beta2, weight_decay=0., eps=eps, amsgrad=False, maximize=False)
  return None
def widened(self, p: List[Tensor]) -> List[Tensor]:
  out : List[Tensor] = []
  for x in p:
    out.append(torch.to(x, 6, False, True))
  return out
