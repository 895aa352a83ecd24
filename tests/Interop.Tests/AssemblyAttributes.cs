using System.Runtime.Versioning;

// The tests look at what the whole process has mapped and opened, so one at a time.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
[assembly: SupportedOSPlatform("linux")]
