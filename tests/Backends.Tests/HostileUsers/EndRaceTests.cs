using System.Runtime.Versioning;
using VmBus.Backends.Tests.Shared;

namespace VmBus.Backends.Tests.HostileUsers;

/// <summary>
/// Each public type that ends, used by some threads while two others end it: every call ends, and in what is documented; no
/// end throws, and nothing is left open or mapped.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed class EndRaceTests
{
    private const int Rounds = 40;

    public static TheoryData<string> Rows => [.. EndedCases.All.Keys.Where(row => !EndedCases.EndedAlone.ContainsKey(EndedCases.TypeOf(row)))];

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task A_use_beside_an_end_ends_as_documented(string row)
    {
        OpenResources before = OpenResources.Count();
        var dice = new Random(7);
        for (int round = 0; round < Rounds; round++)
            await EndedTrials.RaceAsync(EndedCases.All[row], EndedCases.IsSave(row), round, dice);
        before.AssertUnchanged();
    }

    // Of what ends by nothing but a flag that says it has: both must be at it within the same few instructions.
    [Theory]
    [InlineData("InMemoryChannel")]
    [InlineData("SharedHost")]
    [InlineData("SharedGuest")]
    [InlineData("KernelChannel")]
    [InlineData("ConversationRecorder")]
    [InlineData("KvpDaemon: never run")]
    [InlineData("BlockFile")]
    [InlineData("HvSocketHost")]
    [InlineData("HvSocketListener")]
    [InlineData("HvSocketStream")]
    [InlineData("HvSocketStream: of a guest")]
    public async Task Two_ends_at_the_same_moment_are_one(string row)
    {
        OpenResources before = OpenResources.Count();
        // A machine around each takes its time.
        int rounds = row.StartsWith("HvSocket", StringComparison.Ordinal) ? 50 : 400;
        for (int round = 0; round < rounds; round++)
            await EndedTrials.EndTwiceAtOnceAsync(EndedCases.All[row]);

        before.AssertUnchanged();
    }
}
