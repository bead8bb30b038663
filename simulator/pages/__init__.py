"""What a person sees in the browser: the numbers, the phones, the faults."""
