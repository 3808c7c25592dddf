"""What a picture costs in CPU, memory and time, beside the libraries one would use instead. See README.md."""
