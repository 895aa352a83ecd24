using System.Runtime.CompilerServices;
using System.Runtime.Versioning;

// What the stand-in says of the platform is one for the process.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
[assembly: SupportedOSPlatform("windows")]
[assembly: DisableRuntimeMarshalling]
