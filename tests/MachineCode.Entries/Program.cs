// What NativeAOT compiles for the machine code tests. Running it shows that the compiled code also does its work.

using VmBus.MachineCode;

using Workload workload = new();
workload.Run(1000);
Console.WriteLine(workload.Signals);
