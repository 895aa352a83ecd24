// The shortest form of MemoryDiagnoser's verdict: each benchmark case runs a few thousand times on this thread, and the
// bytes it allocated are counted exactly. Seconds, where the measured run takes minutes.

using System.Reflection;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Running;

namespace VmBus.Benchmarks;

/// <summary>Fails when any benchmark allocates.</summary>
internal static class AllocationGate
{
    // Enough to send the smallest packet once around the largest ring: the reader's private copy, which it keeps, is
    // allocated when the first packet wraps.
    private const int WarmupCalls = 40_000;
    private const int MeasuredCalls = 4000;

    /// <summary>Runs every case of an assembly's benchmarks.</summary>
    /// <param name="assembly">Where the benchmarks are.</param>
    /// <param name="only">Part of the name of the cases to run; empty for all.</param>
    /// <param name="output">Told each case that allocates, and the sum.</param>
    /// <returns>0 when nothing was allocated; 1 when something was, or when no case ran.</returns>
    public static int Run(Assembly assembly, string only, TextWriter output)
    {
        int cases = 0;
        int failures = 0;
        foreach (Type type in assembly.GetTypes().Where(IsSuite).OrderBy(type => type.Name, StringComparer.Ordinal))
        {
            foreach (BenchmarkCase benchmark in BenchmarkConverter.TypeToBenchmarks(type).BenchmarksCases)
            {
                string name = $"{benchmark.Descriptor.DisplayInfo} {benchmark.Parameters.DisplayInfo}".TrimEnd();
                if (!name.Contains(only, StringComparison.OrdinalIgnoreCase))
                    continue;
                cases++;
                long bytes = Measure(benchmark);
                if (bytes == 0)
                    continue;
                failures++;
                output.WriteLine($"ALLOCATES {name}: {bytes} bytes in {MeasuredCalls} calls");
            }
        }

        output.WriteLine($"{cases - failures} of {cases} benchmark cases allocate nothing in {MeasuredCalls} calls.");
        return failures == 0 && cases > 0 ? 0 : 1;
    }

    private static bool IsSuite(Type type)
        => type is { IsAbstract: false, IsGenericType: false }
            && type.GetMethods().Any(method => method.GetCustomAttribute<BenchmarkAttribute>() is not null);

    private static long Measure(BenchmarkCase benchmark)
    {
        object suite = Activator.CreateInstance(benchmark.Descriptor.Type)!;
        foreach (var parameter in benchmark.Parameters.Items)
            benchmark.Descriptor.Type.GetProperty(parameter.Name)!.SetValue(suite, parameter.Value);
        benchmark.Descriptor.GlobalSetupMethod?.Invoke(suite, null);
        try
        {
            MethodInfo method = benchmark.Descriptor.WorkloadMethod;
            return method.ReturnType == typeof(void)
                ? Count(method.CreateDelegate<Action>(suite))
                : (long)CountResults.MakeGenericMethod(method.ReturnType).Invoke(null, [method, suite])!;
        }
        finally
        {
            benchmark.Descriptor.GlobalCleanupMethod?.Invoke(suite, null);
        }
    }

    private static readonly MethodInfo CountResults
        = typeof(AllocationGate).GetMethod(nameof(CountOf), BindingFlags.NonPublic | BindingFlags.Static)!;

    private static long CountOf<T>(MethodInfo method, object suite)
    {
        Func<T> call = method.CreateDelegate<Func<T>>(suite);
        return Count(() => call());
    }

    private static long Count(Action call)
    {
        for (int i = 0; i < WarmupCalls; i++)
            call();
        // What a call allocates, it allocates in every round; the runtime for itself once, where it compiles again meanwhile.
        long least = long.MaxValue;
        for (int round = 0; round < 3 && least != 0; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < MeasuredCalls; i++)
                call();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
