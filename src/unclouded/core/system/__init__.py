"""What every long-running part needs of its computer: sockets, safe files, restarts, a bounded log."""
