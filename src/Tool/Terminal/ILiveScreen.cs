using System.Threading.Channels;

namespace VmBus.Tool;

/// <summary>A terminal that is drawn on as a whole. The process's is <see cref="LiveScreen"/>; tests have their own.</summary>
internal interface ILiveScreen
{
    /// <summary>How large it is now.</summary>
    (int Columns, int Rows) Size { get; }

    /// <summary>What people do to it, in order.</summary>
    ChannelReader<ScreenEvent> Events { get; }

    /// <summary>Takes the screen over, and listens to its keys.</summary>
    void Enter();

    /// <summary>Draws all of it.</summary>
    void Draw(IReadOnlyList<ScreenLine> lines);

    /// <summary>Gives the screen back as it was. May be called at any time, from any thread, more than once.</summary>
    void Leave();
}
