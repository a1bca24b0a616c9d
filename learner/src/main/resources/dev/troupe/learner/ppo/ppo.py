# torch.maximum, not torch.max: where both sides are equal, the graph executor gives the latter no gradient at all.
def policy(self, logps: Tensor, old: Tensor, advantages: Tensor, entropy: Tensor, clip: float, count: float) -> List[Tensor]:
  diff = logps - old
  ratio = torch.exp(diff)
  against = torch.neg(advantages)
  free = against * ratio
  clipped = against * torch.clamp(ratio, 1.0 - clip, 1.0 + clip)
  loss = torch.sum(torch.maximum(free, clipped)) / count
  d = torch.detach(diff)
  stats = torch.stack([torch.detach(loss), torch.to(torch.sum(torch.gt(clipped, free)), 6), torch.sum(d * d), torch.sum(torch.detach(ratio)), torch.sum(torch.detach(entropy))])
  return [loss, stats]
def value(self, values: Tensor, old: Tensor, returns: Tensor, mask: Tensor, clip: float, weight: float, count: float) -> List[Tensor]:
  near = torch.clamp(values, old - clip, old + clip)
  free = torch.square(values - returns)
  clipped = torch.square(near - returns)
  loss = 0.5 * torch.sum(torch.maximum(free, clipped) * mask) / count
  stats = torch.stack([torch.detach(loss), torch.sum(torch.to(torch.gt(clipped, free), 6) * mask)])
  return [loss * weight, stats]
