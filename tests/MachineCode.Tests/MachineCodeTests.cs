// The rules that the machine code keeps, whoever compiles it. Hosts that trap the monitor page decode "lock or [memory],
// register" on their fast path and fall to the full emulator for a compare-exchange loop or a constant, and the loop is
// slower anyway.

using Iced.Intel;

namespace VmBus.MachineCode.Tests;

[TestLimit(40)]
public class MachineCodeTests
{
    private static readonly LockedCost Nothing = new(0, 0, 0, 0);
    private static readonly LockedCost MonitorBit = new(1, 0, 0, 0);
    private static readonly LockedCost InterruptBit = new(0, 1, 0, 0);
    private static readonly LockedCost Publication = new(0, 0, 1, 0);

    public static TheoryData<Compiler> Compilers() => new(Enum.GetValues<Compiler>());

    /// <summary>Each entry that sets bits in a shared page, and the instructions that do.</summary>
    public static TheoryData<Compiler, string, int, int> Setters()
    {
        TheoryData<Compiler, string, int, int> data = [];
        foreach (Compiler compiler in Enum.GetValues<Compiler>())
        {
            data.Add(compiler, nameof(Entries.SetInWord32), 1, 0);
            data.Add(compiler, nameof(Entries.SetInSpan32), 1, 0);
            data.Add(compiler, nameof(Entries.SetInWord64), 0, 1);
            data.Add(compiler, nameof(Entries.SetInSpan64), 0, 1);
            data.Add(compiler, nameof(Entries.FirstOfDrain), 0, 1);
            data.Add(compiler, nameof(Entries.SetReceiveBit), 0, 1);
            data.Add(compiler, nameof(Entries.EnableGroup), 1, 0);
            data.Add(compiler, nameof(Entries.Register), 3, 0);
            data.Add(compiler, nameof(Entries.Signal), 1, 2);
            data.Add(compiler, nameof(Entries.SignalRoom), 1, 2);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Setters))]
    public async Task Bits_in_shared_pages_are_set_by_a_locked_or_of_a_register(Compiler compiler, string entry, int words32, int words64)
    {
        CodeListing listing = await Compilation.Of(compiler);
        IReadOnlyList<CompiledMethod> reached = listing.Reach(listing.Entry(entry));
        Instruction[] ors = [.. reached.SelectMany(method => method.Instructions).Where(instruction => Routes.IsPlainOr(instruction))];

        // A compiler may write one source line twice (a copy of a block for a hot route), never not at all.
        Assert.True(ors.Count(or => or.MemorySize.GetSize() == 4) >= words32 && ors.Count(or => or.MemorySize.GetSize() == 8) >= words64, Code(listing, reached));
        Assert.True(!reached.SelectMany(method => method.Instructions).Any(IsBitOfAnotherForm), Code(listing, reached));
        // The event flag behind the receive bit must be known to be new, and that is a loop.
        Assert.True(entry == nameof(Entries.SetReceiveBit) || !reached.Any(HasRetriedExchange), Code(listing, reached));
    }

    [Theory]
    [MemberData(nameof(Compilers))]
    public async Task Setting_and_clearing_a_bit_is_one_locked_instruction(Compiler compiler)
    {
        CodeListing listing = await Compilation.Of(compiler);
        AssertRoutes(listing, nameof(Entries.SetInWord32), MonitorBit);
        AssertRoutes(listing, nameof(Entries.SetInSpan32), MonitorBit);
        AssertRoutes(listing, nameof(Entries.SetInWord64), InterruptBit);
        AssertRoutes(listing, nameof(Entries.SetInSpan64), InterruptBit);
        foreach (string clear in (string[])[nameof(Entries.ClearInWord32), nameof(Entries.ClearInSpan64)])
        {
            Instruction locked = Assert.Single(listing.Entry(clear).Instructions, instruction => Routes.IsLocked(instruction));
            Assert.Equal((Mnemonic.And, OpKind.Memory, OpKind.Register), (locked.Mnemonic, locked.Op0Kind, locked.Op1Kind));
        }
    }

    [Theory]
    [MemberData(nameof(Compilers))]
    public async Task A_loop_would_be_seen(Compiler compiler)
    {
        CodeListing listing = await Compilation.Of(compiler);
        Assert.True(HasRetriedExchange(listing.Entry(nameof(Entries.TestAndSetInWord32))));
        Assert.Contains(new LockedCost(0, 0, 0, LockedCost.Many), new Routes(listing).Through(listing.Entry(nameof(Entries.TestAndSetInWord32))));
    }

    [Fact]
    public void An_or_of_a_constant_and_a_bit_test_would_be_seen()
    {
        // lock or dword [rdi], 4; lock bts dword [rdi], esi; lock or dword [rdi], esi
        CompiledMethod method = new("", 0, [0xF0, 0x83, 0x0F, 0x04, 0xF0, 0x0F, 0xAB, 0x37, 0xF0, 0x09, 0x37]);
        Assert.Equal([true, true, false], method.Instructions.Select(IsBitOfAnotherForm));
    }

    [Theory]
    [MemberData(nameof(Compilers))]
    public async Task A_monitored_signal_is_two_locked_instructions_at_most_and_one_with_a_dedicated_interrupt(Compiler compiler)
    {
        CodeListing listing = await Compilation.Of(compiler);
        foreach (string entry in (string[])[nameof(Entries.Signal), nameof(Entries.SignalRoom)])
        {
            // Promoting for another thread's urgent message is another signal, and a call.
            IReadOnlySet<LockedCost> routes = new Routes(listing, method => method.Name.StartsWith("SignalHandshake.TryPromote", StringComparison.Ordinal))
                .Through(listing.Entry(entry));
            Assert.True(
                routes.IsSupersetOf([MonitorBit, MonitorBit + InterruptBit, Nothing, InterruptBit])
                && routes.All(cost => cost is { Or32: <= 1, Or64: <= 1, Exchanges: 0 }),
                $"{listing.Compiler}, {entry}: {string.Join(", ", routes)}\n{Code(listing, listing.Reach(listing.Entry(entry)))}");
        }
    }

    [Theory]
    [MemberData(nameof(Compilers))]
    public async Task Switching_modes_locks_nothing(Compiler compiler)
    {
        CodeListing listing = await Compilation.Of(compiler);
        IReadOnlyList<CompiledMethod> reached = listing.Reach(listing.Entry(nameof(Entries.SetMode)));
        Assert.True(!reached.SelectMany(method => method.Instructions).Any(instruction => Routes.IsLocked(instruction)), Code(listing, reached));
    }

    [Theory]
    [MemberData(nameof(Compilers))]
    public async Task A_message_that_needs_no_signal_locks_once_to_publish(Compiler compiler)
    {
        CodeListing listing = await Compilation.Of(compiler);
        AssertRoutes(listing, nameof(Entries.Write), Publication);
        AssertRoutes(listing, nameof(Entries.Send), Publication);

        // A name that nothing has any more would leave its successor's cost among the common.
        IReadOnlyList<CompiledMethod> reached = listing.Reach(listing.Entry(nameof(Entries.Send)));
        Assert.All(RareNames, name => Assert.Contains(reached, method => method.Name.StartsWith(name, StringComparison.Ordinal)));
    }

    // What a message that fits, in a ring with one producer, does not go through unless it must signal or had a deferred
    // signal before it.
    private static bool IsRare(CompiledMethod method) => RareNames.Any(name => method.Name.StartsWith(name, StringComparison.Ordinal));

    private static readonly string[] RareNames =
    [
        $"{nameof(OutgoingRing)}.WriteAround",
        $"{nameof(ChannelSignaler)}.{nameof(ChannelSignaler.Signal)}",
        $"{nameof(ChannelSignaler)}.Promote",
    ];

    private static void AssertRoutes(CodeListing listing, string entry, params LockedCost[] expected)
    {
        CompiledMethod method = listing.Entry(entry);
        IReadOnlySet<LockedCost> routes = new Routes(listing, IsRare).Through(method);
        Assert.True(routes.SetEquals(expected), $"{listing.Compiler}: {string.Join(", ", routes)} instead of {string.Join(", ", expected)}\n{Code(listing, listing.Reach(method))}");
    }

    // An OR whose result is wanted: a compare-exchange that is tried again.
    private static bool HasRetriedExchange(CompiledMethod method) => method.Instructions.Index().Any(at =>
        at.Item is { HasLockPrefix: true, Mnemonic: Mnemonic.Cmpxchg } && Routes.IsInLoop(method, at.Index));

    private static bool IsBitOfAnotherForm(Instruction instruction) =>
        instruction.HasLockPrefix && !Routes.IsPlainOr(instruction) && instruction.Mnemonic is Mnemonic.Or or Mnemonic.Bts or Mnemonic.Xadd;

    private static string Code(CodeListing listing, IEnumerable<CompiledMethod> methods) =>
        $"Made by {listing.Compiler}:\n{string.Join('\n', methods)}";
}
