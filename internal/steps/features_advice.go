package steps

import (
	"path"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

func (features) Advice(w *Workspace, a *answers.Set) []Advice {
	wanted := a.Text(keyRepository)
	if wanted == "" {
		return nil
	}
	all := []Advice{installAdvice(w, wanted)}
	if w.Install.Started.Yes {
		all = append(all, Advice{
			Guideline: 15, Title: "Repositories that the server knows already",
			Text: "This server has been started before. The feature manager takes the repository of carbon.xml over when its page is opened, and keeps what it has taken over earlier: remove the old one in the management console, under Configure, Features, Repository Management.",
		})
	}
	if strings.HasPrefix(wanted, "file:") {
		all = append(all, Advice{
			Guideline: 15, Title: "The repository on this machine",
			Text: "The folder has to be there, readable for the user that the server runs as, on every node that features are installed on.",
		})
	}
	if major := w.Install.Java.Major; strings.HasPrefix(strings.ToLower(wanted), "https://") && (major == 6 || major == 7) {
		all = append(all, Advice{
			Guideline: 15, Title: "TLS of the repository",
			Text: "As a client, Java " + w.Install.Java.Version + " offers TLS 1.0 only, which many servers refuse by now. With Java 7, -Dhttps.protocols=TLSv1.2 makes it offer TLS 1.2.",
		})
	}
	return all
}

// installAdvice says how a feature is installed. The options of the director are those of its application, org.eclipse.equinox.p2.director.app.
func installAdvice(w *Workspace, wanted string) Advice {
	ad := Advice{
		Guideline: 15, Title: "Install features",
		Text: "Take a backup of repository/components first: a feature changes its folders plugins, features, p2 and the profiles, and p2 cannot always go back. " +
			"Then, in the management console: Configure, Features, Available Features; find, choose, install, restart. Do the same on every node of a cluster, one after the other.",
	}
	if wanted == noRepository {
		return ad
	}
	launcher := "org.eclipse.equinox.launcher_*.jar"
	if jars := w.glob(carbon.Plugins + "/org.eclipse.equinox.launcher_*.jar"); len(jars) > 0 {
		launcher = path.Base(jars[len(jars)-1])
	}
	components := w.Install.Home + "/" + componentsDir
	base := `java -jar "` + components + "/plugins/" + launcher + `" -application org.eclipse.equinox.p2.director` +
		` -destination "` + components + "/" + defaultProfile + `" -shared "` + components + `/p2" -bundlepool "` + components + `" -profile ` + defaultProfile
	ad.Text += " Without a console the director of p2 that the install brings can do it, with the server stopped. The first command lists what is installed, the second installs the feature that you put in place of FEATURE. " +
		"Try it on a copy: where it ends with error_loading_manipulator it cannot handle the profile as it was shipped, and the feature manager is the way."
	ad.Commands = []string{
		base + " -listInstalledRoots",
		base + ` -roaming -profileProperties org.eclipse.update.install.features=true -repository "` + wanted + `" -installIU FEATURE.feature.group`,
	}
	return ad
}
