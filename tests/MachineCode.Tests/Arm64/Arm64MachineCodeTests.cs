// The rules that arm64's machine code keeps. What orders memory there: an atomic that acquires and releases (LSE: swpal, ldsetal), which
// is a full fence in both directions (Arm ARM B2.3, "barrier-ordered-before"; [range([A]; amo; [L])]; po of aarch64.cat), provided
// that its result has a register; without LSE a pair of exclusives, which is none, and a dmb ish behind it, which is.
//
// tests/arm64.sh makes the listings, by the JIT under emulation and by NativeAOT for arm64, and runs this class over them.

namespace VmBus.MachineCode.Tests.Arm64;

[TestLimit(10)]
public class Arm64MachineCodeTests
{
    /// <summary>A folder with the listings: jit-lse.txt, jit.txt, aot-lse.txt, aot.txt.</summary>
    private const string Listings = "VMBUS_ARM64_LISTINGS";

    private static readonly ArmCost MonitorBit = new(1, 0, 0, 0, 0);
    private static readonly ArmCost InterruptBit = new(0, 1, 0, 0, 0);
    private static readonly ArmCost Publication = new(0, 0, 1, 0, 0);

    private static readonly string[] RareNames =
    [
        $"{nameof(OutgoingRing)}.WriteAround",
        $"{nameof(ChannelSignaler)}.{nameof(ChannelSignaler.Signal)}",
        $"{nameof(ChannelSignaler)}.Promote",
    ];

    public static TheoryData<string> All => ["jit-lse", "jit", "aot-lse", "aot"];

    public static TheoryData<string> WithAtomics => ["jit-lse", "aot-lse"];

    public static TheoryData<string> WithoutAtomics => ["jit", "aot"];

    [Theory]
    [MemberData(nameof(WithAtomics))]
    public void Every_atomic_is_a_full_fence(string compiler)
    {
        ArmListing listing = Read(compiler);
        ArmInstruction[] atomics = [.. listing.Methods.SelectMany(method => method.Instructions).Where(instruction => instruction.IsAtomic)];
        Assert.True(atomics.Length >= 30, $"{compiler} has {atomics.Length} atomics.");
        Assert.DoesNotContain(atomics, atomic => !atomic.IsFullyOrdered);
        // No loop where the processor has the instruction.
        Assert.DoesNotContain(listing.Methods.SelectMany(method => method.Instructions), instruction => instruction.IsExclusiveLoad || instruction.IsExclusiveStore);
    }

    [Theory]
    [MemberData(nameof(WithoutAtomics))]
    public void Every_pair_of_exclusives_ends_in_a_fence_before_any_other_access(string compiler)
    {
        ArmListing listing = Read(compiler);
        int pairs = 0;
        foreach (ArmMethod method in listing.Methods)
        {
            for (int at = 0; at < method.Instructions.Count; at++)
            {
                if (!method.Instructions[at].IsExclusiveStore)
                    continue;
                pairs++;
                Assert.StartsWith("stlxr", method.Instructions[at].Mnemonic, StringComparison.Ordinal);
                foreach (ArmInstruction? next in ArmRoutes.FirstAfter(method, at, instruction => instruction.IsFence || instruction.IsAccess || instruction.IsCall))
                    Assert.True(next is { IsFence: true } || next is { IsExclusiveLoad: true }, $"{next} follows a pair without a fence.\n{method}");
            }
        }

        Assert.True(pairs >= 30, $"{compiler} has {pairs} pairs.");
        Assert.DoesNotContain(listing.Methods.SelectMany(method => method.Instructions), instruction => instruction.IsAtomic || (instruction.IsExclusiveLoad && instruction.Mnemonic[2] != 'a'));
    }

    [Theory]
    [MemberData(nameof(WithAtomics))]
    public void Setting_and_clearing_a_bit_is_one_atomic(string compiler)
    {
        ArmListing listing = Read(compiler);
        AssertRoutes(listing, nameof(Entries.SetInWord32), MonitorBit);
        AssertRoutes(listing, nameof(Entries.SetInSpan32), MonitorBit);
        AssertRoutes(listing, nameof(Entries.SetInWord64), InterruptBit);
        AssertRoutes(listing, nameof(Entries.SetInSpan64), InterruptBit);
        foreach (string clear in (string[])[nameof(Entries.ClearInWord32), nameof(Entries.ClearInSpan64)])
            Assert.Equal("ldclral", Assert.Single(listing.Entry(clear).Instructions, instruction => instruction.IsAtomic).Mnemonic);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_message_that_needs_no_signal_has_one_fence(string compiler)
    {
        ArmListing listing = Read(compiler);
        ArmCost one = WithAtomics.Any(row => row.Data == compiler) ? Publication : new(0, 0, 0, 0, 1);
        AssertRoutes(listing, nameof(Entries.Write), one);
        AssertRoutes(listing, nameof(Entries.Send), one);
    }

    [Theory]
    [InlineData("aot-lse")]
    public void A_monitored_signal_is_two_atomics_at_most(string compiler)
    {
        ArmListing listing = Read(compiler);
        foreach (string entry in (string[])[nameof(Entries.Signal), nameof(Entries.SignalRoom)])
        {
            IReadOnlySet<ArmCost> routes = new ArmRoutes(listing, method => method?.Name.StartsWith("SignalHandshake.TryPromote", StringComparison.Ordinal) == true || method?.Name.StartsWith("ChannelSignaler.Judge", StringComparison.Ordinal) == true)
                .Through(listing.Entry(entry));
            // What counts calls adds to words of its own (ldaddal): on these routes only where a call was made.
            ArmCost[] plain = [.. routes.Where(cost => cost.Others == 0)];
            Assert.Superset(new HashSet<ArmCost> { MonitorBit, MonitorBit + InterruptBit, default, InterruptBit }, plain.ToHashSet());
            Assert.All(plain, cost => Assert.True(cost is { Or32: <= 1, Or64: <= 1, Exchanges: 0 }, $"{entry}: {cost}"));
        }
    }

    /// <summary>
    /// The four conversations that need a full fence (RingHandshake): each publishes by an exchange, and the first that it reads
    /// then of the other side is an acquire load behind it.
    /// </summary>
    [Theory]
    [MemberData(nameof(All))]
    public void The_four_places_that_need_a_full_fence_have_one_before_they_look(string compiler)
    {
        ArmListing listing = Read(compiler);
        bool atomics = WithAtomics.Any(row => row.Data == compiler);
        foreach (string entry in (string[])[nameof(Entries.Write), nameof(Entries.ReadAndCommit), nameof(Entries.RequestRoom), nameof(Entries.Unmask)])
        {
            // The JIT's listing does not say that the entry calls the method of its name.
            ArmMethod[] reached = [.. Reach(listing, listing.Entry(entry)), .. listing.Methods.Where(method => method.Name == $"{nameof(OutgoingRing)}.{entry}" || method.Name == $"{nameof(IncomingRing)}.{entry}Interrupt")];
            (ArmMethod Method, int At)[] fences = [.. reached.SelectMany(method => Enumerable.Range(0, method.Instructions.Count)
                .Where(at => atomics ? method.Instructions[at].Family == "swp" : method.Instructions[at].IsFence && IsBehindExchange(method, at)).Select(at => (method, at)))];
            Assert.True(
                fences.Any(fence => ArmRoutes.FirstAfter(fence.Method, fence.At, instruction => instruction.IsAccess).All(next => next is { IsAcquire: true })),
                $"{compiler}: {entry} has no exchange with an acquire load behind it.\n{string.Join('\n', reached.AsEnumerable())}");
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Switching_modes_orders_nothing(string compiler)
    {
        ArmListing listing = Read(compiler);
        Assert.DoesNotContain(Reach(listing, listing.Entry(nameof(Entries.SetMode))).SelectMany(method => method.Instructions), instruction => ArmCost.Of(instruction) != default);
    }

    [Fact]
    public void What_is_no_fence_would_be_seen()
    {
        // What a compiler could make of an exchange whose result is not wanted.
        Assert.False(new ArmInstruction("swpal", "w1, wzr, [x0]").IsFullyOrdered);
        Assert.False(new ArmInstruction("swpl", "w1, w0, [x0]").IsFullyOrdered);
        Assert.False(new ArmInstruction("stsetl", "w1, [x0]").IsFullyOrdered);
        Assert.False(new ArmInstruction("casl", "w1, w0, [x0]").IsFullyOrdered);
        Assert.True(new ArmInstruction("casal", "w1, wzr, [x0]").IsFullyOrdered);
        Assert.True(new ArmInstruction("swpal", "w1, w0, [x0]").IsFullyOrdered);
        Assert.False(new ArmInstruction("dmb", "ishld").IsFence);
    }

    private static ArmListing Read(string compiler)
    {
        string? folder = Environment.GetEnvironmentVariable(Listings);
        Assert.SkipWhen(string.IsNullOrEmpty(folder), "ARM64'S CODE IS NOT CHECKED HERE: tests/arm64.sh makes the listings and runs this.");
        return ArmListing.Read(compiler, Path.Combine(folder, compiler + ".txt"));
    }

    // The JIT's listing does not name what is called: its routes are those that call nothing.
    private static bool IsRare(ArmListing listing, ArmMethod? method) =>
        method is null ? listing.Compiler.StartsWith("jit", StringComparison.Ordinal) : RareNames.Any(name => method.Name.StartsWith(name, StringComparison.Ordinal));

    private static void AssertRoutes(ArmListing listing, string entry, params ArmCost[] expected)
    {
        ArmMethod method = listing.Entry(entry);
        IReadOnlySet<ArmCost> routes = new ArmRoutes(listing, callee => IsRare(listing, callee)).Through(method);
        Assert.True(routes.SetEquals(expected), $"{listing.Compiler}, {entry}: {string.Join(", ", routes)} instead of {string.Join(", ", expected)}\n{method}");
    }

    private static List<ArmMethod> Reach(ArmListing listing, ArmMethod from)
    {
        List<ArmMethod> reached = [from];
        for (int i = 0; i < reached.Count; i++)
        {
            foreach (ArmInstruction instruction in reached[i].Instructions)
            {
                if (listing.Callee(reached[i], instruction) is { } callee && !reached.Contains(callee))
                    reached.Add(callee);
            }
        }

        return reached;
    }

    // An exchange stores whatever it found; a compare-exchange has a comparison between its load and its store.
    private static bool IsBehindExchange(ArmMethod method, int fence)
    {
        int store = fence;
        while (store > 0 && fence - store < 4 && !method.Instructions[store].IsExclusiveStore)
            store--;
        return method.Instructions[store].IsExclusiveStore && store > 0 && method.Instructions[store - 1].IsExclusiveLoad;
    }
}
