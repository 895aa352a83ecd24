// A benchmark of a channel, both ends in this process; the benchmark itself is OneWay.cs.
// Run it with: dotnet run -c Release --project samples/Benchmark

using BenchmarkDotNet.Running;
using VmBus.Samples;

BenchmarkSwitcher.FromTypes([typeof(OneWay)]).Run(args.Length == 0 ? ["--filter", "*"] : args);
