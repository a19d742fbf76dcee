"""What runs in containers: workloads and jobs, their environment, scale and release."""
