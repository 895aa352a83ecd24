using ScottPlot;

namespace VmBus.Tool;

/// <summary>One colour a mode in every picture; told apart by colour-blind readers too (Okabe and Ito).</summary>
internal static class ModeColors
{
    /// <summary>Lines that are no mode's: the window, the moment a load changes.</summary>
    public static Color Mark { get; } = Color.FromHex("#8A8F98");

    /// <summary>Titles and labels.</summary>
    public static Color Ink { get; } = Color.FromHex("#1F2430");

    /// <summary>Ticks and explanations.</summary>
    public static Color Quiet { get; } = Color.FromHex("#5B6270");

    /// <summary>The lines of the grid.</summary>
    public static Color Grid { get; } = Color.FromHex("#E6E8EC");

    /// <summary>The width of adaptive's band, in pixels: broad enough to be seen below another mode's line.</summary>
    public const float BandWidth = 8;

    /// <summary>The colour of a mode's line; adaptive's is light, since it is a band.</summary>
    public static Color Line(SignalMode mode) => mode == SignalMode.Adaptive ? Color.FromHex("#7FD0B5") : Of(mode);

    /// <summary>The colour of a mode in text.</summary>
    public static Color Of(SignalMode mode) => mode switch
    {
        SignalMode.Monitored => Color.FromHex("#0072B2"),
        SignalMode.LowLatency => Color.FromHex("#D55E00"),
        SignalMode.Adaptive => Color.FromHex("#009E73"),
        _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "Not a mode."),
    };
}
