// How many instructions the hot paths take, as NativeAOT compiles them: a change of the code that shows here shows before it is slow.

using System.Globalization;
using VmBus.Core.Tests.Architecture;

namespace VmBus.MachineCode.Tests;

[TestLimit(40)]
public class InstructionCountTests
{
    private const string File = "tests/MachineCode.Tests/instruction-counts.txt";

    // What a packet that fits, with a reader that is awake, does not go through.
    private static readonly string[] RareNames =
    [
        $"{nameof(OutgoingRing)}.WriteAround", $"{nameof(OutgoingRing)}.TryAppendAround", $"{nameof(IncomingRing)}.TakeAny", $"{nameof(IncomingRing)}.LookAround",
        $"{nameof(ChannelSignaler)}.",
    ];

    [Fact]
    public async Task The_hot_paths_take_as_many_instructions_as_the_file_says()
    {
        CodeListing listing = await Compilation.Of(Compiler.Aot);
        FewestInstructions fewest = new(listing, method => RareNames.Any(name => method.Name.StartsWith(name, StringComparison.Ordinal)));
        string[] counted = [.. typeof(Counted).GetMethods(System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.DeclaredOnly)
            .Select(method => method.Name).Order(StringComparer.Ordinal)];
        string[] found = [.. counted.Select(name => string.Create(CultureInfo.InvariantCulture, $"{name} {fewest.ToPublish(listing.Method("Counted." + name))}"))];
        string[] expected = [.. System.IO.File.ReadLines(Path.Combine(Repository.Root, File)).Where(line => line.Length > 0 && line[0] != '#')];
        Assert.True(expected.SequenceEqual(found), $"{File} has\n  {string.Join("\n  ", expected)}\nand the code\n  {string.Join("\n  ", found)}\nWhere the change is meant, put these lines there.");
    }

    [Fact]
    public void The_shortest_route_with_one_exchange_is_counted()
    {
        // test edi, edi; je +4; xchg [rsi], eax; nop; nop; xchg [rsi], eax; ret
        CompiledMethod method = new("", 0x1000, [0x85, 0xFF, 0x74, 0x04, 0x87, 0x06, 0x90, 0x90, 0x87, 0x06, 0xC3]);
        CodeListing listing = new("by hand", [method], new Dictionary<ulong, ulong>());
        Assert.Equal(4, new FewestInstructions(listing).ToPublish(method));
    }

    [Fact]
    public void A_call_is_counted_with_what_it_leads_to_and_a_rare_one_is_no_route()
    {
        // call 8; ret; 8: xchg [rsi], eax; nop; ret
        CompiledMethod caller = new("Caller", 0x1000, [0xE8, 0x03, 0x00, 0x00, 0x00, 0xC3]);
        CompiledMethod callee = new("Callee", 0x1008, [0x87, 0x06, 0x90, 0xC3]);
        CodeListing listing = new("by hand", [caller, callee], new Dictionary<ulong, ulong>());
        Assert.Equal(5, new FewestInstructions(listing).ToPublish(caller));
        Assert.Null(new FewestInstructions(listing, method => method == callee).ToPublish(caller));
    }
}
