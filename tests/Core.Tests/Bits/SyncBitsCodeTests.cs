// Reads the machine code that the JIT makes of SyncBits.Set. Hosts that trap the monitor page decode "lock or [memory],
// register" on their fast path and fall to the full emulator for a compare-exchange loop, and the loop is slower anyway.

using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VmBus.Bits;
using Xunit;

namespace VmBus.Core.Tests.Bits;

public class SyncBitsCodeTests
{
    private static readonly Lazy<Task<string>> Listing = new(Compile);

    [Theory]
    [InlineData(nameof(SetInWord32), "lock ", " or ")]
    [InlineData(nameof(SetInWord64), "lock ", " or ")]
    [InlineData(nameof(SetInSpan32), "lock ", " or ")]
    [InlineData(nameof(SetInSpan64), "lock ", " or ")]
    [InlineData(nameof(ClearInWord32), "lock ", " and ")]
    [InlineData(nameof(ClearInSpan64), "lock ", " and ")]
    public async Task A_bit_is_set_and_cleared_by_one_locked_instruction(string method, string prefix, string operation)
    {
        SkipUnlessReadable();
        string code = await CodeOf(method);
        string[] lines = code.Split('\n').Select(l => l.Trim()).ToArray();
        // The JIT prints the prefix on a line of its own.
        int at = Array.FindIndex(lines, l => l.StartsWith("lock", StringComparison.Ordinal));
        Assert.True(at >= 0, $"no locked instruction:\n{code}");
        string instruction = string.Join(' ', lines[at..(at + 2)].SelectMany(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        Assert.StartsWith(prefix, instruction, StringComparison.Ordinal);
        Assert.Contains(operation, instruction, StringComparison.Ordinal);
        // The last operand is the mask: a register, no constant.
        Assert.Matches(@"\], [er][a-z0-9]+( |$)", instruction);
        Assert.DoesNotContain("cmpxchg", code, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_check_would_see_a_loop()
    {
        SkipUnlessReadable();
        Assert.Contains("cmpxchg", await CodeOf(nameof(TestAndSetInWord32)), StringComparison.Ordinal);
    }

    /// <summary>What the process whose code is read runs; here it shows that the methods do as they are called.</summary>
    [Fact]
    public void Every_method_is_compiled()
    {
        uint word32 = 0;
        ulong word64 = 0;
        SetInWord32(ref word32, 1);
        SetInWord64(ref word64, 40);
        Assert.Equal((2u, 1ul << 40), (word32, word64));
        ClearInWord32(ref word32, 1);
        Assert.False(TestAndSetInWord32(ref word32, 1));
        uint[] span32 = [0, 0];
        SetInSpan32(span32, 33);
        Assert.Equal([0, 2], span32);
        ulong[] span64 = [0, 0];
        SetInSpan64(span64, 65);
        Assert.Equal([0, 2], span64);
        ClearInSpan64(span64, 65);
        Assert.Equal([0, 0], span64);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void SetInWord32(ref uint word, int bit) => SyncBits.Set(ref word, bit);

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void SetInWord64(ref ulong word, int bit) => SyncBits.Set(ref word, bit);

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void SetInSpan32(Span<uint> bits, int index) => SyncBits.Set(bits, index);

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void SetInSpan64(Span<ulong> bits, int index) => SyncBits.Set(bits, index);

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void ClearInWord32(ref uint word, int bit) => SyncBits.Clear(ref word, bit);

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void ClearInSpan64(Span<ulong> bits, int index) => SyncBits.Clear(bits, index);

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static bool TestAndSetInWord32(ref uint word, int bit) => SyncBits.TestAndSet(ref word, bit);

    private static void SkipUnlessReadable()
    {
        Assert.SkipUnless(RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.X64, "reads x64 code");
        bool plain = typeof(SyncBits).Assembly.GetCustomAttribute<DebuggableAttribute>() is { IsJITOptimizerDisabled: true };
        Assert.SkipWhen(plain, "a debug build asks the JIT for plain code; run with -c Release");
    }

    private static async Task<string> CodeOf(string method)
    {
        string[] listings = (await Listing.Value).Split("; Assembly listing for method ");
        return Assert.Single(listings, l => l.Contains($":{method}(", StringComparison.Ordinal));
    }

    /// <summary>Has another process of this test run and print what its JIT made of the methods.</summary>
    private static async Task<string> Compile()
    {
        string output = Path.GetTempFileName();
        try
        {
            var start = new ProcessStartInfo(Environment.ProcessPath!)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
                start.ArgumentList.Add(typeof(SyncBitsCodeTests).Assembly.Location);
            start.ArgumentList.Add("--filter-method");
            start.ArgumentList.Add($"{typeof(SyncBitsCodeTests).FullName}.{nameof(Every_method_is_compiled)}");
            start.ArgumentList.Add("--results-directory");
            start.ArgumentList.Add(Path.GetTempPath());
            start.Environment["DOTNET_JitDisasm"] = "SetIn* ClearIn* TestAndSetIn*";
            start.Environment["DOTNET_JitStdOutFile"] = output;

            using Process process = Process.Start(start)!;
            Task<string> said = process.StandardOutput.ReadToEndAsync();
            Task<string> complained = process.StandardError.ReadToEndAsync();
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            await process.WaitForExitAsync(limit.Token);
            Assert.True(process.ExitCode == 0, $"exit code {process.ExitCode}\n{await said}\n{await complained}");
            return await File.ReadAllTextAsync(output);
        }
        finally
        {
            File.Delete(output);
        }
    }
}
