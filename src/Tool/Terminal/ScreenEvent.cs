namespace VmBus.Tool;

/// <summary>What a person did to a screen.</summary>
/// <param name="Key">The key pressed; <see langword="null"/> when the screen has another size, or was brought back.</param>
internal readonly record struct ScreenEvent(ConsoleKeyInfo? Key);
