"""What several formats share: cleaning, times, labels of directions, runs of bytes."""
