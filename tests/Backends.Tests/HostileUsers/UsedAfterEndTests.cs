using System.Reflection;
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

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Every_member_does_what_it_is_documented_to(string row)
    {
        OpenResources before = OpenResources.Count();
        await TryAsync(EndedCases.All[row], EndedCases.IsSave(row));
        before.AssertUnchanged();
    }

    // On its own, so that what it made is garbage when it is counted.
    internal static async Task TryAsync(Func<Task<EndedCase>> make, bool isSave = false)
    {
        await using EndedCase made = await make();
        Read(made.Subject);
        await made.Ends[0]().WaitAsync(Patience.Limit, Token);
        for (int again = 0; again < 2; again++)
        {
            foreach (EndedCase.Use use in made.Uses)
            {
                Exception? thrown = await Record.ExceptionAsync(() => Task.Run(use.Call, Token).WaitAsync(Patience.Limit, Token));
                Assert.True(use.Thrown is null ? thrown is null : use.Thrown.IsInstanceOfType(thrown),
                    $"{use.Name} should {(use.Thrown is null ? "answer" : $"throw {use.Thrown.Name}")}, and did {thrown?.ToString() ?? "answer"}.");
            }

            Read(made.Subject);
            foreach (Func<Task> end in made.Ends.Skip(1).Append(made.Ends[0]))
            {
                // A save is an end that is no end of what has ended.
                Exception? thrown = await Record.ExceptionAsync(() => end().WaitAsync(Patience.Limit, Token));
                Assert.True(thrown is null || (isSave && thrown is InvalidOperationException), thrown?.ToString());
            }
        }
    }

    // What it says of itself can be asked at any time.
    private static void Read(object subject)
    {
        foreach (PropertyInfo property in EndedCases.PropertiesOf(subject.GetType()))
        {
            try
            {
                property.GetValue(subject);
            }
            catch (TargetInvocationException failure)
            {
                Assert.True(failure.InnerException is ObjectDisposedException or NotSupportedException, $"{property.Name} threw {failure.InnerException}");
            }
        }
    }
}
