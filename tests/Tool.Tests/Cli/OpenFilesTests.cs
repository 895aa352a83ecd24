namespace VmBus.Tool.Tests.Cli;

public sealed class OpenFilesTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Theory]
    [InlineData("60", 60)]
    [InlineData("127", 127)]
    [InlineData("128", null)]
    [InlineData("1024", null)]
    [InlineData("18446744073709551615", null)]
    [InlineData("unlimited", null)]
    public void A_limit_that_is_too_low_is_found(string limit, int? found)
    {
        File.WriteAllText(_file, $"Limit                     Soft Limit           Hard Limit           Units     \nMax open files            {limit,-20} 1048576              files     \n");
        Assert.Equal(found, OpenFiles.TooFew(_file));
    }

    [Fact]
    public void Where_nothing_tells_the_limit_it_is_taken_to_be_enough()
    {
        Assert.Null(OpenFiles.TooFew(_file));
        Assert.Null(OpenFiles.TooFew("/no/such/file"));
    }
}
