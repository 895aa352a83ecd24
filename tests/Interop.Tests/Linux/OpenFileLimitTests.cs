namespace VmBus.Interop.Tests.Linux;

public sealed class OpenFileLimitTests
{
    [Fact]
    public void It_is_raised_to_what_is_allowed_and_no_further()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only where there is getrlimit.");
        OpenFileLimit before = OpenFileLimit.Get();
        OpenFileLimit.Set(before with { Soft = before.Hard - 1 });
        try
        {
            OpenFileLimit.Raise();
            Assert.Equal(before with { Soft = before.Hard }, OpenFileLimit.Get());
            OpenFileLimit.Raise();
            Assert.Equal(before with { Soft = before.Hard }, OpenFileLimit.Get());
        }
        finally
        {
            OpenFileLimit.Set(before);
        }
    }
}
