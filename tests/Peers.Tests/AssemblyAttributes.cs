using System.Runtime.Versioning;

// Two threads to a test and two cores to a machine, so one test at a time.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
[assembly: SupportedOSPlatform("linux")]
