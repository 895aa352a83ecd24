using System.Threading.Channels;

namespace VmBus.Tool.Tests.Fakes;

/// <summary>A screen whose frames are kept, and whose keys a test presses.</summary>
internal sealed class FakeScreen : ILiveScreen
{
    private readonly Channel<ScreenEvent> _events = Channel.CreateUnbounded<ScreenEvent>();
    private readonly Channel<string> _frames = Channel.CreateUnbounded<string>();

    public (int Columns, int Rows) Size { get; set; } = (80, 12);

    public ChannelReader<ScreenEvent> Events => _events.Reader;

    public int Entered { get; private set; }

    public bool IsShown { get; private set; }

    public Exception? DrawFault { get; set; }

    public void Enter() => (Entered, IsShown) = (Entered + 1, true);

    public void Leave() => IsShown = false;

    public void Draw(IReadOnlyList<ScreenLine> lines)
    {
        if (DrawFault is { } fault)
            throw fault;
        Assert.True(IsShown);
        Assert.Equal(Size.Rows, lines.Count);
        _frames.Writer.TryWrite(string.Join('\n', lines));
    }

    public void Press(char key) => _events.Writer.TryWrite(new ScreenEvent(new ConsoleKeyInfo(key, default, false, false, false)));

    public void Press(ConsoleKey key) => _events.Writer.TryWrite(new ScreenEvent(new ConsoleKeyInfo('\0', key, false, false, false)));

    public void Resize(int columns, int rows)
    {
        Size = (columns, rows);
        _events.Writer.TryWrite(default);
    }

    /// <summary>The next frame; each is given once.</summary>
    public Task<string> NextAsync() => _frames.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience.Limit);

    public bool HasFrame => _frames.Reader.TryPeek(out _);
}
