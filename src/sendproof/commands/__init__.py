"""The commands of `sendproof`, a module each: what one needs is imported only when it is called."""
