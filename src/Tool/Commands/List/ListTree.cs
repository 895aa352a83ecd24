using System.Globalization;
using Spectre.Console;
using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>Draws devices and their channels as a tree.</summary>
internal static class ListTree
{
    /// <summary>Draws them in the order of their ids.</summary>
    public static void Write(IAnsiConsole console, IReadOnlyList<SysfsDevice> devices)
    {
        var tree = new Tree("VMBus");
        foreach (SysfsDevice device in devices.OrderBy(device => device.Relid ?? uint.MaxValue))
        {
            string driver = device.UioName is { } uio ? $"{device.Driver} as /dev/{uio}" : device.Driver ?? "no driver";
            TreeNode node = tree.AddNode(Markup.FromInterpolated($"[bold]{device.Relid?.ToString(CultureInfo.InvariantCulture) ?? "?"} {DeviceName.Long(device)}[/]  {driver}"));
            foreach (SysfsChannel channel in device.Channels)
            {
                string name = channel.SubchannelIndex is { } index and not 0 ? string.Create(CultureInfo.InvariantCulture, $", subchannel {index}") : "";
                string vp = channel.VpIndex is { } vpIndex ? string.Create(CultureInfo.InvariantCulture, $"VP {vpIndex}") : "no VP";
                node.AddNode(Markup.FromInterpolated($"channel {channel.Relid}{name}  {vp}  {ListText.Monitor(channel)}"));
            }
        }
        console.Write(tree);
    }
}
