using VmBus.Protocol;

namespace VmBus.Tool;

/// <summary>Prints a conversation as it is read.</summary>
internal interface ITracePrinter
{
    /// <summary>Prints what stands above the messages.</summary>
    void Begin(DateTimeOffset start);

    /// <summary>Prints the next message.</summary>
    void Print(RecordedMessage message);

    /// <summary>Lets everything printed be seen.</summary>
    void Flush();

    /// <summary>Prints what stands below the messages.</summary>
    /// <param name="leftover">How many bytes of a record that is not whole there were behind them.</param>
    /// <param name="isAtLimit">Whether the recording ends because it reached its greatest length.</param>
    void End(int leftover, bool isAtLimit);
}
