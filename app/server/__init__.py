"""How requests come in and a process goes out: uvicorn, with the bounds and the end that it lacks."""
