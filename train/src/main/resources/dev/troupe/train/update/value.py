# torch.maximum, not torch.max: where both sides are equal, the graph executor gives the latter no gradient at all.
def value(self, values: Tensor, old: Tensor, returns: Tensor, mask: Tensor, clip: float, weight: float, count: float) -> List[Tensor]:
  near = torch.clamp(values, old - clip, old + clip)
  free = torch.square(values - returns)
  clipped = torch.square(near - returns)
  loss = 0.5 * torch.sum(torch.maximum(free, clipped) * mask) / count
  stats = torch.stack([torch.detach(loss), torch.sum(torch.to(torch.gt(clipped, free), 6) * mask) / count])
  return [loss * weight, stats]
