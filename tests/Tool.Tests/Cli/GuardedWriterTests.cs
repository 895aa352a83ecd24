namespace VmBus.Tool.Tests.Cli;

public sealed class GuardedWriterTests
{
    [Fact]
    public void An_output_that_fails_is_named()
    {
        using var writer = new GuardedWriter(new FullWriter(), "standard output", isAscii: false);
        Assert.Equal("cannot write to standard output: No space left on device", Assert.Throws<ToolException>(() => writer.WriteLine("x")).Message);
        Assert.Throws<ToolException>(() => writer.Write('x'));
        Assert.Throws<ToolException>(writer.Flush);
    }

    [Theory]
    [InlineData(true, "100 us, -> ? --- 5x")]
    [InlineData(false, "100 µs, -> 語 ─── 5×")]
    public void Where_there_is_ASCII_alone_text_is_that(bool isAscii, string expected)
    {
        using var text = new StringWriter();
        using var writer = new GuardedWriter(text, "standard output", isAscii);
        writer.Write("100 µs, -> 語 ─── 5×");
        Assert.Equal(expected, text.ToString());
    }

    [Theory]
    [InlineData("C", null, null, true)]
    [InlineData("POSIX", null, "en_US.UTF-8", true)]
    [InlineData("", "C", "en_US.UTF-8", true)]
    [InlineData(null, null, "C", true)]
    [InlineData("C.UTF-8", null, "C", false)]
    [InlineData(null, null, null, false)]
    public void The_locale_says_whether_there_is(string? all, string? type, string? language, bool isAscii) =>
        Assert.Equal(isAscii, GuardedWriter.IsAsciiLocale(name => name switch { "LC_ALL" => all, "LC_CTYPE" => type, _ => language }));

    [Theory]
    [InlineData("latncy", "latency")]
    [InlineData("lsit", "list")]
    [InlineData("--secnds", "--seconds")]
    [InlineData("tpo", "top")]
    [InlineData("x", null)]
    [InlineData("something", null)]
    public void What_is_nearly_a_word_is_taken_for_it(string typed, string? word) =>
        Assert.Equal(word, Nearest.To(typed, ["latency", "list", "top", "copy", "--seconds"]));

    private sealed class FullWriter : StringWriter
    {
        public override void Write(string? value) => throw new IOException("No space left on device.");

        public override void WriteLine(string? value) => throw new IOException("No space left on device.");

        public override void Flush() => throw new IOException("No space left on device.");
    }
}
