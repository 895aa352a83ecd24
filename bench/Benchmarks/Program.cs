// Two ways to run the same benchmarks: BenchmarkDotNet for figures, and a gate of seconds that fails when any of them
// allocates. Beside them, runs of another kind: what waiting costs, what a channel costs to set up.
//
//   dotnet run -c Release --project bench/Benchmarks -- --filter '*RingWriteRead*'
//   dotnet run -c Release --project bench/Benchmarks -- --filter '*' --job short
//   dotnet run -c Release --project bench/Benchmarks -- allocations
//   dotnet run -c Release --project bench/Benchmarks -- waiting
//   dotnet run -c Release --project bench/Benchmarks -- control
//   dotnet run -c Release --project bench/Benchmarks -- contended
//   dotnet run -c Release --project bench/Benchmarks -- disk
//   dotnet run -c Release --project bench/Benchmarks -- network

using BenchmarkDotNet.Running;
using VmBus.Benchmarks;
using VmBus.Benchmarks.Contended;
using VmBus.Benchmarks.Control;
using VmBus.Benchmarks.Disk;
using VmBus.Benchmarks.Network;
using VmBus.Benchmarks.Waiting;

if (args is ["allocations" or "--allocations", ..])
    return AllocationGate.Run(typeof(AllocationGate).Assembly, args is [_, var only, ..] ? only : "", Console.Out);

if (args is ["waiting", ..])
    return WaitingRun.Run(args.AsSpan(1), Console.Out);

if (args is ["control", ..])
    return await ControlRun.RunAsync(args[1..], Console.Out).ConfigureAwait(false);

if (args is ["contended", ..])
    return ContendedRun.Run(args[1..], Console.Out);

if (args is ["disk"])
    return DiskRun.Run(Console.Out);

if (args is ["network"])
    return NetworkRun.Run(Console.Out);

BenchmarkSwitcher.FromAssembly(typeof(AllocationGate).Assembly).Run(args, new BenchmarkConfig());
return 0;
