namespace VmBus.Tool.Tests.Cli;

public sealed class OpenFilesTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose()
    {
        OpenFiles.LookUp();
        File.Delete(_file);
    }

    [Theory]
    [InlineData("60", true)]
    [InlineData("1024", false)]
    [InlineData("unlimited", false)]
    public void An_assembly_that_cannot_be_loaded_is_explained_by_a_low_limit(string limit, bool isExplained)
    {
        File.WriteAllText(_file, $"Limit                     Soft Limit           Hard Limit           Units     \nMax open files            {limit,-20} 1048576              files     \n");
        OpenFiles.LookUp(_file);
        string? said = OpenFiles.Explain(new TypeInitializationException("X", new FileNotFoundException()));
        Assert.Equal(isExplained ? "this process may have 60 files open, which is too few: give it 128 or more (ulimit -n)" : null, said);
        Assert.Null(OpenFiles.Explain(new InvalidOperationException()));
    }
}
