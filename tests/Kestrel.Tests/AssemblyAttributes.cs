// The tests look at what the whole process has mapped, and some keep both cores busy, so one at a time.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
