using System.Runtime.Versioning;
using VmBus.Backends.Tests.Shared;

namespace VmBus.Backends.Tests.HostileUsers;

/// <summary>
/// Each public type that ends, used after it: each member does what is documented and nothing worse, another end does
/// nothing, and nothing is left open or mapped.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed class UsedAfterEndTests
{
    public static TheoryData<string> Rows => [.. EndedCases.All.Keys];

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Every_member_does_what_it_is_documented_to(string row)
    {
        OpenResources before = OpenResources.Count();
        await EndedTrials.TryAsync(EndedCases.All[row], EndedCases.IsSave(row));
        before.AssertUnchanged();
    }
}
